import { type Answer, type Call, failure, invalid, textOf, unknownOrder } from './cashfree-answers.ts';
import { findOrder, scheduleRefund } from './cashfree-ledger.ts';
import { refundJson } from './cashfree-shapes.ts';
import type { FaultPlan } from './faults.ts';
import { findPaise } from './rupees.ts';
import type { GatewayOrder, GatewayRefund } from './state.ts';
import type { World } from './world.ts';

const REFUND_WINDOW_MS = 180 * 24 * 60 * 60 * 1000;

/** Accepts a refund as pending, within what was captured; its outcome comes later. */
export function createRefund({ world, plan, orderId, body }: Call): Answer {
  const order = findOrder({ world, orderId });
  if (order === undefined) return unknownOrder();
  const refundId = body.refund_id;
  if (typeof refundId !== 'string' || !/^[A-Za-z0-9_-]{3,40}$/.test(refundId)) return invalid('refund_id');
  const amountPaise = findPaise(body.refund_amount);
  if (amountPaise === undefined) return invalid('refund_amount');
  const refusal = refuseRefund({ world, plan, order, refundId, amountPaise });
  if (refusal) return refundFailure(refusal);
  const outcome = plan.take('refundOutcome');
  const afterMs = outcome?.ms ?? world.drawMs('refundMs');
  const refund: GatewayRefund = {
    refundId,
    cfRefundId: String(11_325_000 + world.nextSequence()),
    orderId,
    paymentId: capturedPayments({ world, orderId }).at(-1)?.paymentId ?? '0',
    amountPaise,
    currency: order.currency,
    status: 'PENDING',
    note: textOf(body.refund_note),
    createdAt: new Date().toISOString(),
    processedAt: null,
    next: { status: outcome?.status ?? 'SUCCESS', at: new Date(Date.now() + afterMs).toISOString() },
  };
  world.state.cashfree.refunds.push(refund);
  scheduleRefund({ world, refund });
  return { status: 200, json: refundJson(refund) };
}

/** Why the gateway refuses a refund, or undefined. */
function refuseRefund(input: {
  world: World;
  plan: FaultPlan;
  order: GatewayOrder;
  refundId: string;
  amountPaise: number;
}): string | undefined {
  const { world, plan, order, refundId, amountPaise } = input;
  const captured = capturedPayments({ world, orderId: order.orderId });
  const earlier = world.state.cashfree.refunds.filter((refund) => refund.orderId === order.orderId);
  if (earlier.some((refund) => refund.refundId === refundId)) return 'refund with same id is already present';
  if (captured.length === 0) return 'order has no captured payment';
  if (captured.every((payment) => Date.parse(payment.paidAt) < Date.now() - REFUND_WINDOW_MS)) {
    return 'refund is only possible within 6 months of the payment';
  }
  const capturedPaise = sum(captured.map((payment) => payment.amountPaise));
  const living = earlier.filter((refund) => refund.status !== 'CANCELLED');
  if (sum(living.map((refund) => refund.amountPaise)) + amountPaise > capturedPaise) {
    return 'refund amount is more than the captured amount that is left';
  }
  const partial = amountPaise < capturedPaise;
  if (partial && plan.take('refusePartialRefund'))
    return 'partial refund is not supported by this payment method';
  return undefined;
}

export function getRefund({ world, orderId, refundId }: Call): Answer {
  const refund = world.state.cashfree.refunds.find(
    (candidate) => candidate.orderId === orderId && candidate.refundId === refundId,
  );
  if (refund) return { status: 200, json: refundJson(refund) };
  return failure({ status: 404, message: 'refund does not exist', code: 'refund_not_found' });
}

function capturedPayments({ world, orderId }: { world: World; orderId: string }) {
  return world.state.cashfree.payments.filter(
    (payment) => payment.orderId === orderId && payment.status === 'SUCCESS',
  );
}

function refundFailure(message: string): Answer {
  return failure({ status: 400, message, code: 'refund_post_failed' });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
