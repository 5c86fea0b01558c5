import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a customer's link is for, and until when it counts (ISO UTC). */
export interface LinkPurpose {
  orderId: string;
  /** A link for one purpose opens no other: `order` is the order's page, others are a part of it. */
  purpose: string;
  until: string;
}

/** Signs the links, and says where they lead. */
interface LinkSettings {
  publicUrl: string;
  secret: string;
}

/** Longer than an order with a free month takes; each mail to the customer carries a newer link. */
const orderPageMs = 90 * 24 * 3_600_000;

/** The link to the page of an order; it counts for 90 days from `from` (ISO UTC). */
export function orderLink(
  settings: LinkSettings,
  { orderId, from }: { orderId: string; from: string },
): string {
  const until = new Date(Date.parse(from) + orderPageMs).toISOString();
  return customerLink(settings, { orderId, purpose: 'order', until });
}

/** Writes a link that needs no login: signed, for one order and one purpose, for a time. */
export function customerLink(settings: LinkSettings, { orderId, purpose, until }: LinkPurpose): string {
  const at = Math.floor(Date.parse(until) / 1000);
  const key = sign(settings.secret, { orderId, purpose, at: String(at) });
  const base = settings.publicUrl.replace(/\/+$/, '');
  const page = purpose === 'order' ? '' : `/${purpose}`;
  return `${base}/orders/${encodeURIComponent(orderId)}${page}?until=${at}&key=${key}`;
}

/** True for a link of ours that has not expired; the time taken tells nothing of the signature. */
export function isValidLink(
  settings: { secret: string; nowMs: number },
  link: { orderId: string; purpose: string; until: string; key: string },
): boolean {
  const { orderId, purpose, until, key } = link;
  if (!/^\d{1,12}$/.test(until) || Number(until) * 1000 < settings.nowMs) return false;
  const expected = Buffer.from(sign(settings.secret, { orderId, purpose, at: until }));
  const given = Buffer.from(key);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The secret also signs sessions: what is signed here says that it is a link. */
function sign(secret: string, said: { orderId: string; purpose: string; at: string }): string {
  const { orderId, purpose, at } = said;
  const text = JSON.stringify(['customer-link', purpose, orderId, at]);
  return createHmac('sha256', secret).update(text).digest('base64url');
}
