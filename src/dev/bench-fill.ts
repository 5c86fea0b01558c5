import type { Collections } from '../database.ts';
import { type FailureCode, failureCodes, type OrderStatus } from '../domain/order.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { newOrderId } from '../orders/order-id.ts';

const minuteMs = 60_000;
const chunk = 1_000;
export const benchPackages = ['103.181.91', '103.182.44', '103.193.90', '103.194.7'] as const;
export const benchEmail = 'customer-42@example.com';

/** One in a hundred is still open: a shop's life, most of it long done. */
function statusOf(index: number): OrderStatus {
  if (index % 100 !== 0) return index % 7 === 0 ? 'refunded' : 'active';
  const open: OrderStatus[] = ['failed', 'queued', 'waitingForStock', 'preparing'];
  return open[(index / 100) % open.length] ?? 'failed';
}

function codeOf(index: number): FailureCode {
  return failureCodes[(index / 100) % failureCodes.length] ?? 'internalError';
}

/** An order a minute, the last one now. */
function orderAt(index: number, count: number): OrderDocument {
  const at = new Date(Date.now() - (count - index) * minuteMs).toISOString();
  const _id = newOrderId(at);
  const status = statusOf(index);
  const isOpen = index % 100 === 0;
  const failure = { code: codeOf(index), message: 'Measured.', since: at };
  return {
    ...{ _id, status, statusSince: at, version: 1, owner: `order-${_id}`, open: isOpen },
    goods: { state: 'none' },
    money: 'kept',
    remedy: null,
    ...{ productId: 'bench', productName: 'Bench', supplier: 'smartvps' },
    packageKey: benchPackages[index % benchPackages.length] ?? benchPackages[0],
    ...{ matchPolicy: 'exact', ramGb: 8, os: 'Ubuntu 22', amountPaise: 89_900, currency: 'INR' },
    customer: { name: 'Bench', email: `customer-${index % 5_000}@example.com`, phone: '+910000000000' },
    ...{ gateway: 'cashfree', gatewayOrderId: String(index), paymentSessionId: null, idempotency: null },
    ...{ createdAt: at, paidAt: at, paymentKey: null, server: null, next: null },
    failure: status === 'failed' ? failure : null,
    timeline: Array.from({ length: 8 }, (_, line) => ({ at, text: `Line ${line} of what happened to it.` })),
  };
}

/** Fills `orders` with `count` orders of all kinds. */
export async function fillOrders(db: Pick<Collections, 'orders'>, count: number): Promise<void> {
  for (let from = 0; from < count; from += chunk) {
    const length = Math.min(chunk, count - from);
    await db.orders.insertMany(Array.from({ length }, (_, index) => orderAt(from + index, count)));
  }
}
