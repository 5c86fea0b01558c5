import { rainOnLock } from './rain-on-lock.ts';
import { rainSeed } from './rain-seed.ts';

// A sample; test/faults/lock-messages.test.ts sends 2,000 signals a name.
rainOnLock({ signalsPerName: 100, seed: rainSeed() });
