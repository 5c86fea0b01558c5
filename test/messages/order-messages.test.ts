import { rainOnOrders } from './rain-on-orders.ts';
import { rainSeed } from './rain-seed.ts';

// A sample; test/faults/order-messages.test.ts sends ten times as many.
await rainOnOrders({ signalsPerName: 200, updatesPerName: 40, seed: rainSeed() });
