import { rainOnLock } from './rain-on-lock.ts';
import { rainSeed } from './rain-seed.ts';

// A sample; test/faults/lock-messages.test.ts sends ten times as many.
rainOnLock({ signalsPerName: 200, seed: rainSeed() });
