import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatorControl } from './simulator-control.ts';
import { StackError } from './stack-error.ts';
import type { CheckoutAnswer, OrderAnswer, Storefront } from './storefront.ts';

/** The simulator's slowest profile needs at most about 6 minutes from the payment to the login. */
const defaultTimeLimitMs = 10 * 60_000;
const lookEveryMs = 200;
const statusesThatStay = ['active', 'failed', 'waitingForStock', 'refunded', 'cancelled', 'expired'];

export interface DemoOrder {
  orderId: string;
  /** The customer's page, by its signed link. */
  orderUrl: string;
  ip: string;
  /** From the checkout to the delivery. */
  seconds: number;
}

/**
 * Places one order as a customer's would arrive: checkout, payment at the simulator's gateway, whose signed webhook
 * starts the order; then waits until it is delivered. `onStatus` hears each new status once, in words for people.
 * Throws `StackError` where the order is refused, stays undelivered, or the time is over.
 */
export async function placeDemoOrder(input: {
  storefront: Pick<Storefront, 'checkout' | 'order'>;
  simulator: Pick<SimulatorControl, 'pay'>;
  productId: string;
  ramGb: number;
  os: string;
  onStatus?: (order: OrderAnswer) => void;
  /** Default: 10 minutes. */
  timeLimitMs?: number;
}): Promise<DemoOrder> {
  const { storefront, simulator, productId, ramGb, os, timeLimitMs = defaultTimeLimitMs } = input;
  const startedAt = Date.now();
  const { orderId, orderUrl } = placedOrder(await storefront.checkout({ productId, ramGb, os }));
  const { deliveries } = await simulator.pay({ orderId });
  // An order that no webhook reached is still repeated by the gateway: the wait below covers that too.
  const webhook = deliveries.some((delivery) => delivery.status !== null && delivery.status < 300)
    ? 'its webhook was taken'
    : 'its webhook was not taken yet';
  const order = await waitForEnd({ ...input, orderId, deadline: startedAt + timeLimitMs, webhook });
  const ip = order.server?.ip;
  if (order.status !== 'active' || ip === undefined) {
    throw new StackError(
      `Failed to deliver the demo order ${orderId}: ${order.failure?.message ?? order.statusText}. ` +
        'Look at its workflow in the Temporal Web UI.',
    );
  }
  return { orderId, orderUrl, ip, seconds: Math.round((Date.now() - startedAt) / 100) / 10 };
}

function placedOrder({ status, body }: CheckoutAnswer): CheckoutAnswer['body'] {
  if (status === 201) return body;
  throw new StackError(
    `Failed to place the demo order: the checkout answered ${status}. ${body.detail ?? ''}`,
  );
}

async function waitForEnd(input: {
  storefront: Pick<Storefront, 'order'>;
  orderId: string;
  deadline: number;
  webhook: string;
  onStatus?: (order: OrderAnswer) => void;
}): Promise<OrderAnswer> {
  const { storefront, orderId, deadline, webhook, onStatus } = input;
  let told = '';
  for (;;) {
    const order = await storefront.order(orderId);
    if (order.statusText && order.statusText !== told) onStatus?.(order);
    told = order.statusText;
    if (statusesThatStay.includes(order.status)) return order;
    if (Date.now() > deadline) {
      throw new StackError(
        `Failed to deliver the demo order ${orderId} in time: it is still "${order.statusText}"; it is paid, ` +
          `${webhook}. Look at the worker's log and at the order's workflow in the Temporal Web UI.`,
      );
    }
    await sleep(lookEveryMs);
  }
}
