import { holdAgain, releaseDiscount } from '../discounts/hold-discount.ts';
import type { CheckoutOutcome, CheckoutReply } from '../domain/storefront.ts';
import { GatewayError, type GatewayOrder, type NewGatewayOrder } from '../payments/gateway.ts';
import type { CheckoutDeps } from './checkout.ts';
import { gatewayOff, refused } from './checkout-refusals.ts';
import type { OrderDocument } from './order-document.ts';

/** The gateway stops taking money this much before our own expiry, so that no payment meets an expired order. */
const gatewayLeadMs = 5 * 60 * 1000;

/**
 * Goes on with an order whose checkout broke off or was refused: its address and its discount code may be another one's
 * by now, so they are held again first.
 */
export async function resumePayment(input: {
  deps: CheckoutDeps;
  order: OrderDocument;
}): Promise<CheckoutOutcome> {
  const { deps, order } = input;
  const isRenewal = order.freeMonthOf?.act === 'renew';
  if (isOpened(order)) return openPayment(input);
  if (!order.open) return endedUnpaid(order);
  if (isRenewal) return openPayment(input);
  const { _id: orderId, supplier, packageKey, productId } = order;
  const reserve = (await deps.db.products.findOne({ _id: productId }))?.reserve ?? 0;
  const hold = await deps.holdStock({ orderId, supplier, packageKey, reserve });
  if (hold.kind === 'full') return refused('atCapacity', 'productId', hold.sentence);
  if (order.discount && !(await holdAgain(deps, { ...order.discount, orderId }))) {
    await deps.releaseStock({ orderId, supplier, packageKey });
    const sentence = 'Another order has this discount code by now. Order anew, without it.';
    return refused('discountHeld', 'discountCode', sentence);
  }
  return openPayment(input);
}

/** What has ended is not opened to be paid any more: the money could only come late, or go back. */
function endedUnpaid({ _id: orderId, status }: OrderDocument): CheckoutOutcome {
  const sentence = `Order ${orderId} has ended as ${status}, and was never opened to be paid. Order anew, with another Idempotency-Key.`;
  return refused('idempotencyKeyReused', 'Idempotency-Key', sentence);
}

/** Opens the order's payment at its gateway, unless that was done; answers what the first checkout answered. */
export async function openPayment(input: {
  deps: CheckoutDeps;
  order: OrderDocument;
}): Promise<CheckoutOutcome> {
  const { deps, order } = input;
  const opened = replyOf(input);
  if (opened !== null) return { kind: 'placed', reply: opened };
  const payment = await createGatewayOrder(input);
  if ('kind' in payment) return payment;
  await deps.db.orders.updateOne(
    { _id: order._id, gatewayOrderId: null },
    { $set: { gatewayOrderId: payment.gatewayOrderId, paymentSessionId: payment.sessionId } },
  );
  const stored = await deps.db.orders.findOne({ _id: order._id });
  const reply = stored === null ? null : replyOf({ deps, order: stored });
  if (reply === null)
    throw new Error(`Failed to check order ${order._id} out: it is gone from the database.`);
  return { kind: 'placed', reply };
}

type Unopened = Exclude<CheckoutOutcome, { kind: 'placed' }>;

async function createGatewayOrder(input: {
  deps: CheckoutDeps;
  order: OrderDocument;
}): Promise<GatewayOrder | Unopened> {
  const { deps, order } = input;
  const gateway = deps.gateways[order.gateway];
  const { _id: orderId, supplier, packageKey } = order;
  const letGo = async () => {
    if (order.discount) await releaseDiscount(deps, { ...order.discount, orderId });
    await deps.releaseStock({ orderId, supplier, packageKey });
  };
  if (gateway === undefined) {
    await letGo();
    return gatewayOff(order.gateway);
  }
  try {
    return await gateway.createOrder(gatewayOrderOf(input));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    deps.log.warn({ orderId, gateway: order.gateway, code: error.code }, error.message);
    if (error.field === null) {
      // Without a key nobody can come back to this order: the next try is a new one.
      if (order.idempotency === null) await letGo();
      return gatewayFailed(order);
    }
    // The customer corrects it in a new order, which shall find code and address free.
    await letGo();
    return refused('gatewayRefused', error.field, `The payment gateway refused ${error.field}. Correct it.`);
  }
}

function gatewayFailed({ _id: orderId }: OrderDocument): Unopened {
  const sentence = `Order ${orderId} is kept, but the payment gateway did not take it. Try again.`;
  return { kind: 'gatewayFailed', orderId, sentence };
}

function gatewayOrderOf({ deps, order }: { deps: CheckoutDeps; order: OrderDocument }): NewGatewayOrder {
  const { checkoutExpiryMs } = deps.policy;
  const leadMs = Math.min(gatewayLeadMs, checkoutExpiryMs / 10);
  return {
    orderId: order._id,
    amountPaise: order.amountPaise,
    currency: order.currency,
    customer: { email: order.customer.email, phone: order.customer.phone },
    returnUrl: orderUrlOf({ deps, order }),
    notifyUrl: `${deps.publicUrl}/webhooks/${order.gateway}`,
    idempotencyKey: order._id,
    expiresAt: new Date(Date.parse(order.createdAt) + checkoutExpiryMs - leadMs).toISOString(),
  };
}

/** From the checkout's own moment: a repeat answers the same link. */
function orderUrlOf({ deps, order }: { deps: CheckoutDeps; order: OrderDocument }): string {
  return deps.orderLink({ orderId: order._id, from: order.createdAt });
}

function isOpened({ gatewayOrderId, paymentSessionId }: OrderDocument): boolean {
  return gatewayOrderId !== null && paymentSessionId !== null;
}

/** The first reply, whatever has become of the order since; null while its payment is not open. */
function replyOf(input: { deps: CheckoutDeps; order: OrderDocument }): CheckoutReply | null {
  const { order } = input;
  const { gateway, gatewayOrderId, paymentSessionId: sessionId, amountPaise } = order;
  if (gatewayOrderId === null || sessionId === null) return null;
  return {
    orderId: order._id,
    status: 'pendingPayment',
    listPricePaise: order.discount?.listPricePaise ?? amountPaise,
    discountPaise: order.discount?.discountPaise ?? 0,
    amountPaise,
    currency: order.currency,
    orderUrl: orderUrlOf(input),
    payment: { gateway, gatewayOrderId, sessionId },
  };
}
