import { placeDemoOrder } from './place-demo-order.ts';
import type { SimulatorControl } from './simulator-control.ts';
import type { Shop } from './start-shop.ts';
import { createStorefront } from './storefront.ts';

type Log = (line: string) => void;

const deliveredWithinMs = 3 * 60_000;
const packageName = '103.181.91';
/** Fewer addresses than this are worth a word: each start takes one. */
const lowPool = 10;

/** Places one order as a customer's would arrive, and tells each status as it changes. Throws `StackError` where it
 * is not delivered. */
export async function placeFirstOrder(shop: Shop & { simulator: NonNullable<Shop['simulator']> }, log: Log) {
  const { env, apiUrl } = shop;
  const { control } = shop.simulator;
  const order = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22' };
  log(`Placing one order: ${packageName}, ${order.ramGb} GB, ${order.os}; paid by a signed webhook`);
  const startedAt = Date.now();
  const delivered = await placeDemoOrder({
    storefront: createStorefront({
      apiUrl,
      storefrontToken: env.STOREFRONT_TOKEN ?? '',
      adminToken: env.ADMIN_TOKEN ?? '',
    }),
    simulator: { pay: (input) => control.pay({ ...input, ...webhookOf(shop) }) },
    ...order,
    timeLimitMs: deliveredWithinMs,
    onStatus: ({ statusText }) => log(`  ${secondsSince(startedAt)} s  ${statusText}`),
  });
  log(
    `Delivered: order ${delivered.orderId}, server ${delivered.ip}, ${delivered.seconds} s after the checkout, ` +
      `${Math.round(process.uptime() * 10) / 10} s after the start`,
  );
  await tellLowPool(control, shop.simulator.controlUrl, log);
  return delivered;
}

/** A PUBLIC_URL from outside may not lead to this API: the simulator's webhook comes here all the same. */
function webhookOf({ given, apiUrl }: Shop) {
  return given.PUBLIC_URL ? { notifyUrl: `${apiUrl}/webhooks/cashfree` } : {};
}

function secondsSince(startedAt: number): string {
  return ((Date.now() - startedAt) / 1_000).toFixed(1).padStart(5);
}

async function tellLowPool(control: SimulatorControl, controlUrl: string, log: Log): Promise<void> {
  const pool = (await control.packages()).find(({ name }) => name === packageName);
  const left = pool?.addresses.length ?? 0;
  if (left >= lowPool) return;
  log(
    `The simulated package ${packageName} has ${left} addresses left. Refill it, or start with a new folder (--data):\n` +
      `  curl -X PATCH ${controlUrl}/packages/${packageName} -H 'content-type: application/json' ` +
      `-d '{"addresses":["${packageName}.210-250"]}'`,
  );
}
