import type { Agent } from 'undici';
import { z } from 'zod';
import { formatRupees, parseRupees } from '../../domain/money.ts';
import type { CapturedPayment } from '../../domain/payment.ts';
import {
  GatewayError,
  type GatewayOrder,
  type GatewayOrderState,
  type GatewayRefund,
  type NewGatewayOrder,
  type NewGatewayRefund,
  type PaymentGateway,
  type RefusedField,
} from '../gateway.ts';
import { callGateway, createGatewayAgent, type GatewayReply, isBusy } from '../gateway-exchange.ts';
import { parseCashfreeJson } from './parse-cashfree-json.ts';

/** The version of Cashfree's API that this adapter was written for (docs.cashfree.com, PG API). */
export const cashfreeApiVersion = '2025-01-01';

const callTimeoutMs = 15_000;

const exactText = z.string().min(1).max(200);

const orderReply = z.object({
  cf_order_id: exactText,
  payment_session_id: exactText,
  order_status: z.string(),
  order_amount: z.string().optional(),
  order_currency: z.string().optional(),
});

const errorReply = z.object({ code: z.string().regex(/^[\w.-]{1,80}$/) });

const orderStates: Readonly<Record<string, GatewayOrderState['status']>> = {
  ACTIVE: 'active',
  PAID: 'paid',
  EXPIRED: 'expired',
  TERMINATED: 'terminated',
  TERMINATION_REQUESTED: 'terminated',
};

const paymentsReply = z.array(
  z.object({
    cf_payment_id: exactText,
    payment_status: z.string(),
    payment_amount: z.string(),
    payment_currency: z.string().regex(/^[A-Z]{3}$/),
    payment_time: z.string(),
  }),
);

const refundReply = z.object({ refund_status: z.string() });

const refundStates: Readonly<Record<string, GatewayRefund['status']>> = {
  SUCCESS: 'success',
  PENDING: 'pending',
  ONHOLD: 'pending',
  CANCELLED: 'cancelled',
};

export interface CashfreeSettings {
  baseUrl: string;
  clientId: string;
  clientSecret: string;
  apiVersion?: string;
  timeoutMs?: number;
}

interface Call {
  method: 'GET' | 'POST';
  path: string;
  /** What the call is for, in words for the error: `create order ord-1`. */
  purpose: string;
  body?: object;
  idempotencyKey?: string;
}

/** Cashfree as a payment gateway. `close` ends its connections. */
export function createCashfreeGateway(
  settings: CashfreeSettings,
): PaymentGateway & { close(): Promise<void> } {
  const { timeoutMs = callTimeoutMs } = settings;
  const agent = createGatewayAgent({ timeoutMs });
  const call = (input: Call) => callCashfree({ ...input, settings, agent, timeoutMs });
  const findOrder = async ({ orderId }: { orderId: string }) => {
    const purpose = `find order ${orderId}`;
    const reply = await call({ method: 'GET', path: `pg/orders/${encodeURIComponent(orderId)}`, purpose });
    return isUnknown(reply) ? null : readOrder({ reply, purpose });
  };
  const findRefund = async ({ orderId, refundId }: { orderId: string; refundId: string }) => {
    const purpose = `find refund ${refundId}`;
    const path = `pg/orders/${encodeURIComponent(orderId)}/refunds/${encodeURIComponent(refundId)}`;
    const reply = await call({ method: 'GET', path, purpose });
    return isUnknown(reply) ? null : readRefund({ reply, purpose });
  };
  const findPayments = async ({ orderId }: { orderId: string }) => {
    const purpose = `find the payments of order ${orderId}`;
    const path = `pg/orders/${encodeURIComponent(orderId)}/payments`;
    const reply = await call({ method: 'GET', path, purpose });
    return isUnknown(reply) ? [] : readPayments({ reply, purpose, orderId });
  };
  return {
    name: 'cashfree',
    findOrder,
    findPayments,
    findRefund,
    createRefund: (refund) => createRefund({ refund, call, findRefund }),
    createOrder: (order) => createOrder({ order, call, findOrder }),
    close: () => agent.close(),
  };
}

async function createOrder(input: {
  order: NewGatewayOrder;
  call: (call: Call) => Promise<GatewayReply>;
  findOrder: PaymentGateway['findOrder'];
}): Promise<GatewayOrder> {
  const { order } = input;
  const purpose = `create order ${order.orderId}`;
  const reply = await input.call({
    method: 'POST',
    path: 'pg/orders',
    purpose,
    body: orderBody(order),
    idempotencyKey: order.idempotencyKey,
  });
  // 409: an earlier try made it, and the gateway has forgotten the idempotency key since.
  const made = reply.status === 409 ? await input.findOrder(order) : readOrder({ reply, purpose });
  if (made === null) throw refusal({ reply, purpose });
  const { amountPaise = order.amountPaise, currency = order.currency } = made;
  if (amountPaise !== order.amountPaise || currency !== order.currency) {
    throw new GatewayError({
      code: 'unreadableReply',
      message: `Failed to ${purpose}: Cashfree answered another amount than was asked for. Compare the order in its dashboard.`,
    });
  }
  return { gatewayOrderId: made.gatewayOrderId, sessionId: made.sessionId };
}

/** Accepted as PENDING; the outcome comes later (supplier facts, Cashfree "Refund"). */
async function createRefund(input: {
  refund: NewGatewayRefund;
  call: (call: Call) => Promise<GatewayReply>;
  findRefund: PaymentGateway['findRefund'];
}): Promise<GatewayRefund> {
  const { refund } = input;
  const purpose = `refund ${formatRupees(refund.amountPaise)} of order ${refund.orderId}`;
  const reply = await input.call({
    method: 'POST',
    path: `pg/orders/${encodeURIComponent(refund.orderId)}/refunds`,
    purpose,
    body: {
      refund_id: refund.refundId,
      refund_amount: Number(formatRupees(refund.amountPaise)),
      refund_note: refund.note,
    },
    idempotencyKey: refund.refundId,
  });
  // A refusal may mean that an earlier try made it, and the gateway has forgotten the idempotency key since.
  if (reply.status >= 400 && reply.status < 500 && !isBusy(reply.status)) {
    const made = await input.findRefund(refund);
    if (made !== null) return made;
  }
  return readRefund({ reply, purpose });
}

function orderBody(order: NewGatewayOrder): object {
  return {
    order_id: order.orderId,
    // Up to 14 digits: exact as a JSON number.
    order_amount: Number(formatRupees(order.amountPaise)),
    order_currency: order.currency,
    customer_details: {
      customer_id: order.orderId,
      customer_email: order.customer.email,
      customer_phone: order.customer.phone,
    },
    order_meta: { return_url: order.returnUrl, notify_url: order.notifyUrl },
    order_expiry_time: order.expiresAt,
  };
}

function callCashfree(
  input: Call & { settings: CashfreeSettings; agent: Agent; timeoutMs: number },
): Promise<GatewayReply> {
  const { settings, idempotencyKey, ...call } = input;
  return callGateway({
    ...call,
    gateway: 'Cashfree',
    baseUrl: settings.baseUrl,
    headers: {
      'x-client-id': settings.clientId,
      'x-client-secret': settings.clientSecret,
      'x-api-version': settings.apiVersion ?? cashfreeApiVersion,
      ...(idempotencyKey === undefined ? {} : { 'x-idempotency-key': idempotencyKey }),
    },
  });
}

function refusal({ reply, purpose }: { reply: GatewayReply; purpose: string }): GatewayError {
  const { status } = reply;
  if (status === 401 || status === 403) {
    return new GatewayError({
      code: 'rejectedCredentials',
      message: `Failed to ${purpose}: Cashfree rejected our keys (${status}). Check CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET.`,
    });
  }
  const busy = isBusy(status);
  const errorCode = errorCodeOf(reply);
  const named = errorCode === null ? '' : ` (${errorCode})`;
  const remedy = busy ? 'Try again.' : 'Look the code up in its documentation.';
  return new GatewayError({
    code: busy ? 'unreachable' : 'refused',
    message: `Failed to ${purpose}: Cashfree answered ${status}${named}. ${remedy}`,
    field: busy ? null : refusedField(errorCode),
  });
}

/** What is not there is a 404 with a code; one without comes from somewhere on the way. */
function isUnknown(reply: GatewayReply): boolean {
  return reply.status === 404 && errorCodeOf(reply) !== null;
}

function refusedField(errorCode: string | null): RefusedField | null {
  if (errorCode?.includes('customer_phone')) return 'customer.phone';
  return errorCode?.includes('customer_email') ? 'customer.email' : null;
}

/** Cashfree's code alone: its message can repeat what the customer typed. */
function errorCodeOf(reply: GatewayReply): string | null {
  const parsed = errorReply.safeParse(parsedOrUndefined(reply.text));
  return parsed.success ? parsed.data.code : null;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseCashfreeJson(text);
  } catch {
    return undefined;
  }
}

function readOrder({ reply, purpose }: { reply: GatewayReply; purpose: string }): GatewayOrderState {
  if (reply.status >= 400) throw refusal({ reply, purpose });
  const order = reply.status === 200 || reply.status === 201 ? parseOrder(reply.text) : null;
  if (order !== null) return order;
  throw unreadable(purpose);
}

function readRefund({ reply, purpose }: { reply: GatewayReply; purpose: string }): GatewayRefund {
  if (reply.status >= 400) throw refusal({ reply, purpose });
  const parsed = refundReply.safeParse(parsedOrUndefined(reply.text));
  const status = parsed.success ? refundStates[parsed.data.refund_status] : undefined;
  if (status !== undefined) return { status };
  throw unreadable(purpose);
}

function readPayments(input: { reply: GatewayReply; purpose: string; orderId: string }): CapturedPayment[] {
  const { reply, purpose, orderId } = input;
  if (reply.status >= 400) throw refusal({ reply, purpose });
  const parsed = paymentsReply.safeParse(parsedOrUndefined(reply.text));
  const paid = parsed.data?.filter((payment) => payment.payment_status === 'SUCCESS') ?? [];
  const payments = paid.map((payment): CapturedPayment | null => {
    const amountPaise = parseRupees(payment.payment_amount);
    const paidAtMs = Date.parse(payment.payment_time);
    if (amountPaise === undefined || Number.isNaN(paidAtMs)) return null;
    const paidAt = new Date(paidAtMs).toISOString();
    const { cf_payment_id: paymentId, payment_currency: currency } = payment;
    return { gateway: 'cashfree', paymentId, orderId, amountPaise, currency, paidAt };
  });
  const known = payments.filter((payment) => payment !== null);
  if (parsed.success && known.length === payments.length) return known;
  throw unreadable(purpose);
}

function unreadable(purpose: string): GatewayError {
  return new GatewayError({
    code: 'unreadableReply',
    message: `Failed to ${purpose}: Cashfree's answer could not be read. Compare its API version with ${cashfreeApiVersion}.`,
  });
}

function parseOrder(text: string): GatewayOrderState | null {
  const parsed = orderReply.safeParse(parsedOrUndefined(text));
  if (!parsed.success) return null;
  const { order_amount: amount, order_currency: currency, order_status: orderStatus } = parsed.data;
  const status = orderStates[orderStatus];
  const amountPaise = amount === undefined ? undefined : parseRupees(amount);
  if (status === undefined || (amount !== undefined && amountPaise === undefined)) return null;
  return {
    gatewayOrderId: parsed.data.cf_order_id,
    sessionId: parsed.data.payment_session_id,
    status,
    ...(amountPaise === undefined ? {} : { amountPaise }),
    ...(currency === undefined ? {} : { currency }),
  };
}
