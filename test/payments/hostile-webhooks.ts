import { createHmac } from 'node:crypto';
import type { GatewayName } from '../../src/domain/order.ts';
import type { Dice } from '../faults/dice.ts';

export interface SentWebhook {
  /** What is wrong with it. */
  kind: string;
  path: string;
  body: Buffer;
  headers: Record<string, string>;
  /** The only right answer; 200 here is a message that starts nothing. */
  expected: 200 | 400 | 401;
}

/** A genuine webhook of a real payment, and what its gateway signs with. */
export interface GenuineWebhook {
  gateway: GatewayName;
  rawBody: string;
  secret: string;
}

const dayMs = 24 * 3_600_000;

/** Signs as the gateway does. */
export function sign(input: {
  gateway: GatewayName;
  body: Buffer | string;
  secret: string;
  at?: Date;
}): Record<string, string> {
  const { gateway, body, secret, at = new Date() } = input;
  if (gateway === 'razorpay')
    return { 'x-razorpay-signature': createHmac('sha256', secret).update(body).digest('hex') };
  const timestamp = String(at.getTime());
  const signature = createHmac('sha256', secret).update(timestamp).update(body).digest('base64');
  return { 'x-webhook-signature': signature, 'x-webhook-timestamp': timestamp };
}

type Maker = (genuine: GenuineWebhook, dice: Dice) => Omit<SentWebhook, 'kind' | 'path'>;

const signed = (genuine: GenuineWebhook, body: string | Buffer, at?: Date) => ({
  body: Buffer.from(body),
  headers: sign({ ...genuine, body, ...(at === undefined ? {} : { at }) }),
});

/** The body is another one, the signature that of the genuine. */
const altered = (genuine: GenuineWebhook, body: string | Buffer) => ({
  body: Buffer.from(body),
  headers: sign({ ...genuine, body: genuine.rawBody }),
  expected: 401 as const,
});

const signatureHeader = { cashfree: 'x-webhook-signature', razorpay: 'x-razorpay-signature' } as const;
const letters = 'ABCDEFabcdef0123456789+/=ghijklmnopqrstuvwxyz';

/** The genuine message with one member set to another value, and the JSON written anew. */
function withMember(genuine: GenuineWebhook, path: readonly string[], value: unknown): string {
  const root = JSON.parse(genuine.rawBody) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, root);
  parent[path.at(-1) ?? ''] = value;
  return JSON.stringify(root);
}

const members = {
  cashfree: {
    orderId: ['data', 'order', 'order_id'],
    paymentId: ['data', 'payment', 'cf_payment_id'],
    amount: ['data', 'payment', 'payment_amount'],
    currency: ['data', 'payment', 'payment_currency'],
    type: ['type'],
  },
  razorpay: {
    orderId: ['payload', 'order', 'entity', 'receipt'],
    paymentId: ['payload', 'payment', 'entity', 'id'],
    amount: ['payload', 'payment', 'entity', 'amount'],
    currency: ['payload', 'payment', 'entity', 'currency'],
    type: ['event'],
  },
} as const;

const notFinal = {
  cashfree: ['PAYMENT_FAILED_WEBHOOK', 'PAYMENT_USER_DROPPED_WEBHOOK', 'PAYMENT_CHARGES_WEBHOOK'],
  razorpay: ['payment.failed', 'payment.authorized', 'refund.created'],
} as const;

const operators: readonly unknown[] = [
  { $gt: '' },
  { $ne: null },
  { $regex: '.*' },
  { $where: 'true' },
  [{ $gt: '' }],
  null,
];

const makers: Readonly<Record<string, Maker>> = {
  'another letter in the signature': (genuine, dice) => {
    const headers = sign({ ...genuine, body: genuine.rawBody });
    const name = signatureHeader[genuine.gateway];
    const text = headers[name] ?? '';
    const at = dice(text.length);
    const others = [...letters].filter((letter) => letter !== text[at]);
    headers[name] = `${text.slice(0, at)}${others[dice(others.length)]}${text.slice(at + 1)}`;
    return { body: Buffer.from(genuine.rawBody), headers, expected: 401 };
  },
  'a flipped bit in the signature': (genuine, dice) => {
    const headers = sign({ ...genuine, body: genuine.rawBody });
    const name = signatureHeader[genuine.gateway];
    const encoding = genuine.gateway === 'cashfree' ? 'base64' : 'hex';
    const bytes = Buffer.from(headers[name] ?? '', encoding);
    const at = dice(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice(8));
    headers[name] = bytes.toString(encoding);
    return { body: Buffer.from(genuine.rawBody), headers, expected: 401 };
  },
  'a cut or longer signature': (genuine, dice) => {
    const headers = sign({ ...genuine, body: genuine.rawBody });
    const name = signatureHeader[genuine.gateway];
    const text = headers[name] ?? '';
    headers[name] = dice(2) === 0 ? text.slice(0, dice(text.length)) : `${text}${letters[dice(16)]}`;
    return { body: Buffer.from(genuine.rawBody), headers, expected: 401 };
  },
  'no signature': (genuine) => ({ body: Buffer.from(genuine.rawBody), headers: {}, expected: 401 }),
  'a flipped bit in the body': (genuine, dice) => {
    const body = Buffer.from(genuine.rawBody);
    const at = dice(body.length);
    body[at] = (body[at] ?? 0) ^ (1 << dice(8));
    return altered(genuine, body);
  },
  'a cut body': (genuine, dice) => altered(genuine, genuine.rawBody.slice(0, dice(genuine.rawBody.length))),
  'the same JSON written anew': (genuine, dice) => {
    const value = JSON.parse(genuine.rawBody) as object;
    const turned = Object.fromEntries(Object.entries(value).toReversed());
    const anew = [JSON.stringify(value, null, 1 + dice(4)), JSON.stringify(turned), `${genuine.rawBody}\n`];
    return altered(genuine, anew[dice(anew.length)] ?? '');
  },
  'another amount, not signed': (genuine, dice) =>
    altered(genuine, withMember(genuine, members[genuine.gateway].amount, 1 + dice(1_000_000))),
  'another order, not signed': (genuine, dice) =>
    altered(genuine, withMember(genuine, members[genuine.gateway].orderId, `ord-${dice(1_000_000)}`)),
  'too old': (genuine, dice) => {
    const at = new Date(Date.now() - 3 * dayMs - 60_000 - dice(30) * dayMs);
    if (genuine.gateway === 'cashfree') return { ...signed(genuine, genuine.rawBody, at), expected: 401 };
    const sentAt = Math.floor(at.getTime() / 1000);
    return { ...signed(genuine, withMember(genuine, ['created_at'], sentAt)), expected: 401 };
  },
  'from the future': (genuine, dice) => {
    const at = new Date(Date.now() + 11 * 60_000 + dice(30) * dayMs);
    if (genuine.gateway === 'cashfree') return { ...signed(genuine, genuine.rawBody, at), expected: 401 };
    const sentAt = Math.floor(at.getTime() / 1000);
    return { ...signed(genuine, withMember(genuine, ['created_at'], sentAt)), expected: 401 };
  },
  'another secret': (genuine, dice) => ({
    ...signed({ ...genuine, secret: `${genuine.secret}${dice(1_000)}` }, genuine.rawBody),
    expected: 401,
  }),
  'signed as the other gateway does': (genuine) => ({
    body: Buffer.from(genuine.rawBody),
    headers: sign({
      ...genuine,
      gateway: genuine.gateway === 'cashfree' ? 'razorpay' : 'cashfree',
      body: genuine.rawBody,
    }),
    expected: 401,
  }),
  'an operator for an id, signed': (genuine, dice) => {
    const { paymentId, currency, amount } = members[genuine.gateway];
    const path = [paymentId, currency, amount][dice(3)] ?? paymentId;
    return {
      ...signed(genuine, withMember(genuine, path, operators[dice(operators.length)])),
      expected: 400,
    };
  },
  'a message that is not final, signed': (genuine, dice) => {
    const type = notFinal[genuine.gateway][dice(3)];
    return { ...signed(genuine, withMember(genuine, members[genuine.gateway].type, type)), expected: 200 };
  },
  'no JSON, signed': (genuine, dice) => ({
    ...signed(genuine, genuine.rawBody.slice(0, dice(genuine.rawBody.length - 1))),
    expected: 400,
  }),
};

/** The genuine message as one that is so old, rightly signed. */
export function aged(genuine: GenuineWebhook, ageMs: number): Omit<SentWebhook, 'kind' | 'expected'> {
  const at = new Date(Date.now() - ageMs);
  const body =
    genuine.gateway === 'cashfree'
      ? genuine.rawBody
      : withMember(genuine, ['created_at'], Math.floor(at.getTime() / 1000));
  return { path: `/webhooks/${genuine.gateway}`, ...signed(genuine, body, at) };
}

/** So many webhooks that must not start anything, each of a kind that the dice choose. */
export function hostileWebhooks(input: {
  genuine: GenuineWebhook;
  dice: Dice;
  count: number;
}): SentWebhook[] {
  const { genuine, dice, count } = input;
  const kinds = Object.entries(makers);
  return Array.from({ length: count }, (_, index) => {
    const [kind = '', make = () => ({ body: Buffer.alloc(0), headers: {}, expected: 401 as const })] =
      kinds[index < kinds.length ? index : dice(kinds.length)] ?? [];
    return { kind, path: `/webhooks/${genuine.gateway}`, ...make(genuine, dice) };
  });
}

/** The genuine message with another amount (in the gateway's own unit) or currency, under a payment id of its own. */
export function otherPayment(
  genuine: GenuineWebhook,
  change: { paymentId: string; amount?: number; currency?: string },
): Omit<SentWebhook, 'expected'> {
  const { paymentId, amount, currency } = members[genuine.gateway];
  let rawBody = withMember(genuine, paymentId, change.paymentId);
  if (change.amount !== undefined) rawBody = withMember({ ...genuine, rawBody }, amount, change.amount);
  if (change.currency !== undefined) rawBody = withMember({ ...genuine, rawBody }, currency, change.currency);
  return { kind: 'other payment', path: `/webhooks/${genuine.gateway}`, ...signed(genuine, rawBody) };
}
