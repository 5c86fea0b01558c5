import { z } from 'zod';
import { formatMoney } from '../../domain/money.ts';
import type { CapturedPayment } from '../../domain/payment.ts';
import {
  GatewayError,
  type GatewayOrder,
  type GatewayOrderState,
  type GatewayRefund,
  type NewGatewayOrder,
  type NewGatewayRefund,
  type PaymentGateway,
} from '../gateway.ts';
import { callGateway, createGatewayAgent, type GatewayReply, isBusy } from '../gateway-exchange.ts';

const callTimeoutMs = 15_000;
/** Razorpay takes no shorter `X-Refund-Idempotency` (razorpay.com/docs, "Idempotent requests"). */
const shortestKey = 10;
/** The most that one page of a list holds. */
const pageSize = 100;

const id = z.string().min(1).max(100);
const paise = z.int().min(0);
const currencyCode = z.string().regex(/^[A-Z]{3}$/);

const orderReply = z.object({
  id,
  amount: paise,
  currency: currencyCode,
  receipt: z.string().nullable(),
  status: z.enum(['created', 'attempted', 'paid']),
  created_at: z.int(),
});
type RazorpayOrder = z.output<typeof orderReply>;

const paymentReply = z.object({
  id,
  amount: paise,
  currency: currencyCode,
  status: z.string(),
  created_at: z.int(),
});

const refundReply = z.object({
  receipt: z.string().nullish(),
  status: z.enum(['pending', 'processed', 'failed']),
});

const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });
const errorReply = z.object({ error: z.object({ code: z.string(), description: z.string() }) });

const refundStates = { pending: 'pending', processed: 'success', failed: 'cancelled' } as const;

export interface RazorpaySettings {
  baseUrl: string;
  keyId: string;
  keySecret: string;
  timeoutMs?: number;
}

/** Razorpay as a payment gateway, with the way from its own order ids to ours. `close` ends its connections. */
export interface RazorpayGateway extends PaymentGateway {
  /** Our id of an order by Razorpay's; null where it knows no such order. */
  findOrderId(input: { gatewayOrderId: string }): Promise<string | null>;
  close(): Promise<void>;
}

interface Call {
  method?: 'POST';
  path: string;
  /** What the call is for, in words for the error: `create order ord-1`. */
  purpose: string;
  body?: object;
  headers?: Readonly<Record<string, string>>;
}

type Caller = (call: Call) => Promise<GatewayReply>;

/** Makes the adapter. Source of all shapes: razorpay.com/docs/api (orders, payments, refunds). */
export function createRazorpayGateway(settings: RazorpaySettings): RazorpayGateway {
  const { baseUrl, timeoutMs = callTimeoutMs } = settings;
  const agent = createGatewayAgent({ timeoutMs });
  const login = Buffer.from(`${settings.keyId}:${settings.keySecret}`).toString('base64');
  const call: Caller = ({ method, headers, ...rest }) =>
    callGateway({
      ...rest,
      method: method ?? 'GET',
      agent,
      baseUrl,
      timeoutMs,
      gateway: 'Razorpay',
      headers: { authorization: `Basic ${login}`, ...headers },
    });
  return {
    name: 'razorpay',
    createOrder: (order) => createOrder(call, order),
    async findOrder({ orderId }) {
      const [order] = await listOrders(call, { orderId });
      return order === undefined ? null : stateOf(order);
    },
    findPayments: (input) => findPayments(call, input),
    createRefund: (refund) => createRefund(call, refund),
    findRefund: (input) => findRefund(call, input),
    async findOrderId({ gatewayOrderId }) {
      const purpose = `find Razorpay's order ${gatewayOrderId}`;
      const reply = await call({ path: `v1/orders/${encodeURIComponent(gatewayOrderId)}`, purpose });
      return isUnknown(reply) ? null : read({ reply, purpose, schema: orderReply }).receipt;
    },
    close: () => agent.close(),
  };
}

/** Razorpay knows no idempotency key for orders: what an earlier try made is found by our id, its receipt. */
async function createOrder(call: Caller, order: NewGatewayOrder): Promise<GatewayOrder> {
  const { orderId, amountPaise, currency } = order;
  const purpose = `create order ${orderId}`;
  const [known] = await listOrders(call, { orderId, purpose });
  const made = known ?? (await postOrder(call, { order, purpose }));
  if (made.amount !== amountPaise || made.currency !== currency) {
    throw new GatewayError({
      code: 'unreadableReply',
      message: `Failed to ${purpose}: Razorpay answered another amount than was asked for. Compare the order in its dashboard.`,
    });
  }
  return { gatewayOrderId: made.id, sessionId: made.id };
}

async function postOrder(
  call: Caller,
  { order, purpose }: { order: NewGatewayOrder; purpose: string },
): Promise<RazorpayOrder> {
  const { orderId: receipt, amountPaise: amount, currency } = order;
  const body = { amount, currency, receipt, notes: { orderId: receipt } };
  const reply = await call({ method: 'POST', path: 'v1/orders', purpose, body });
  return read({ reply, purpose, schema: orderReply });
}

/** The orders with our id as their receipt, a paid one first, else the oldest: two tries at once may have made two. */
async function listOrders(
  call: Caller,
  input: { orderId: string; purpose?: string },
): Promise<RazorpayOrder[]> {
  const { orderId, purpose = `find order ${orderId}` } = input;
  const query = new URLSearchParams({ receipt: orderId, count: String(pageSize) });
  const reply = await call({ path: `v1/orders?${query}`, purpose });
  const { items } = read({ reply, purpose, schema: listOf(orderReply) });
  const rank = ({ status }: RazorpayOrder) => (status === 'paid' ? 0 : 1);
  return items
    .filter(({ receipt }) => receipt === orderId)
    .sort((a, b) => rank(a) - rank(b) || a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

/** Razorpay's orders do not expire: a payment that comes late is judged by the order's own state. */
function stateOf(order: RazorpayOrder): GatewayOrderState {
  return {
    gatewayOrderId: order.id,
    sessionId: order.id,
    status: order.status === 'paid' ? 'paid' : 'active',
    amountPaise: order.amount,
    currency: order.currency,
  };
}

async function findPayments(call: Caller, { orderId }: { orderId: string }): Promise<CapturedPayment[]> {
  const purpose = `find the payments of order ${orderId}`;
  const payments: CapturedPayment[] = [];
  for (const order of await listOrders(call, { orderId, purpose })) {
    const reply = await call({ path: `v1/orders/${encodeURIComponent(order.id)}/payments`, purpose });
    const { items } = read({ reply, purpose, schema: listOf(paymentReply) });
    for (const { id: paymentId, amount: amountPaise, currency, ...said } of items) {
      if (said.status !== 'captured') continue;
      const paidAt = new Date(said.created_at * 1000).toISOString();
      payments.push({ gateway: 'razorpay', paymentId, orderId, amountPaise, currency, paidAt });
    }
  }
  return payments;
}

async function createRefund(call: Caller, refund: NewGatewayRefund): Promise<GatewayRefund> {
  const { paymentId, refundId, amountPaise, currency } = refund;
  const money = formatMoney({ amountMinor: amountPaise, currency });
  const purpose = `refund ${money} of order ${refund.orderId}`;
  const reply = await call({
    method: 'POST',
    path: `v1/payments/${encodeURIComponent(paymentId)}/refund`,
    purpose,
    body: { amount: amountPaise, receipt: refundId, notes: { orderId: refund.orderId, note: refund.note } },
    headers: { 'X-Refund-Idempotency': refundId.padEnd(shortestKey, '-') },
  });
  // A refusal may mean that an earlier try made it, and the gateway has forgotten the idempotency key since.
  if (reply.status >= 400 && reply.status < 500 && !isStillBusy(reply.status)) {
    const made = await findRefund(call, refund);
    if (made !== null) return made;
  }
  return { status: refundStates[read({ reply, purpose, schema: refundReply }).status] };
}

async function findRefund(
  call: Caller,
  { paymentId, refundId }: { paymentId: string; refundId: string },
): Promise<GatewayRefund | null> {
  const purpose = `find refund ${refundId}`;
  const path = `v1/payments/${encodeURIComponent(paymentId)}/refunds?count=${pageSize}`;
  const reply = await call({ path, purpose });
  if (isUnknown(reply)) return null;
  const { items } = read({ reply, purpose, schema: listOf(refundReply) });
  const found = items.find(({ receipt }) => receipt === refundId);
  return found === undefined ? null : { status: refundStates[found.status] };
}

/** 409: the first request under this idempotency key is still running. */
function isStillBusy(status: number): boolean {
  return status === 409 || isBusy(status);
}

/** An id that Razorpay does not know is a 400 with this description; a 404 without its words comes from the way. */
function isUnknown(reply: GatewayReply): boolean {
  const said = errorOf(reply);
  if (reply.status === 404) return said !== undefined;
  return reply.status === 400 && said?.description === 'The id provided does not exist';
}

function read<Schema extends z.ZodType>(input: {
  reply: GatewayReply;
  purpose: string;
  schema: Schema;
}): z.output<Schema> {
  const { reply, purpose, schema } = input;
  if (reply.status >= 400) throw refusal({ reply, purpose });
  const parsed = schema.safeParse(reply.status === 200 ? parsedOrUndefined(reply.text) : undefined);
  if (parsed.success) return parsed.data;
  throw new GatewayError({
    code: 'unreadableReply',
    message: `Failed to ${purpose}: Razorpay's answer could not be read. Compare it with Razorpay's reference.`,
  });
}

function refusal({ reply, purpose }: { reply: GatewayReply; purpose: string }): GatewayError {
  const { status } = reply;
  if (status === 401 || status === 403) {
    return new GatewayError({
      code: 'rejectedCredentials',
      message: `Failed to ${purpose}: Razorpay rejected our keys (${status}). Check RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET.`,
    });
  }
  const busy = isStillBusy(status);
  const code = errorOf(reply)?.code ?? '';
  const named = /^[\w.-]{1,80}$/.test(code) ? ` (${code})` : '';
  const remedy = busy ? 'Try again.' : 'Look the call up in its dashboard.';
  return new GatewayError({
    code: busy ? 'unreachable' : 'refused',
    message: `Failed to ${purpose}: Razorpay answered ${status}${named}. ${remedy}`,
  });
}

function errorOf(reply: GatewayReply): { code: string; description: string } | undefined {
  return errorReply.safeParse(parsedOrUndefined(reply.text)).data?.error;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
