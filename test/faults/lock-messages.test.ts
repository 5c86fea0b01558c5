import { rainOnLock } from '../messages/rain-on-lock.ts';
import { rainSeed } from '../messages/rain-seed.ts';

rainOnLock({ signalsPerName: 2_000, seed: rainSeed() });
