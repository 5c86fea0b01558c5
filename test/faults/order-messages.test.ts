import { rainOnOrders } from '../messages/rain-on-orders.ts';
import { rainSeed } from '../messages/rain-seed.ts';

await rainOnOrders({ signalsPerName: 2_000, updatesPerName: 200, seed: rainSeed() });
