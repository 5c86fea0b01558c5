import { rainOnOrders } from './rain-on-orders.ts';
import { rainSeed } from './rain-seed.ts';

// A sample; test/faults/order-messages.test.ts sends 2,000 signals a name.
await rainOnOrders({ signalsPerName: 100, updatesPerName: 20, seed: rainSeed() });
