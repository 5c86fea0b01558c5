import { html } from 'hono/html';
import type { MonthAct, MonthOffer } from '../domain/free-month.ts';
import { formatMoney } from '../domain/money.ts';
import type { MonthCheckout } from '../domain/storefront.ts';
import type { HttpDeps } from './ports.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { nothing } from './site/html.ts';
import { document } from './site/layout.ts';

/** The pages behind a customer's links: what is offered, and a button. They need no login; the link is signed. */
export const monthRoutes: readonly Route[] = (['renew', 'switch'] as const).flatMap((act): Route[] => [
  {
    method: 'GET',
    path: `/orders/:id/${act}`,
    access: 'public',
    body: 'none',
    handle: (request, deps) => showOffer(request, deps, act),
  },
  {
    method: 'POST',
    path: `/orders/:id/${act}`,
    access: 'public',
    body: 'none',
    handle: (request, deps) => takeOffer(request, deps, act),
  },
]);

/** Looking changes nothing: mail programs open links by themselves. */
async function showOffer(request: RouteRequest, { ports }: HttpDeps, act: MonthAct): Promise<Reply> {
  const orderId = linkedOrder(request, ports, act);
  if (orderId === null) return badLink(request);
  const offer = await ports.offerMonth({ orderId, act });
  if (wantsJson(request)) return { status: offer.kind === 'open' ? 200 : 409, body: offer };
  if (offer.kind === 'closed') return page(409, offer.sentence);
  return page(200, describeOffer(offer), buttons[act]);
}

async function takeOffer(request: RouteRequest, { ports }: HttpDeps, act: MonthAct): Promise<Reply> {
  const orderId = linkedOrder(request, ports, act);
  if (orderId === null) return badLink(request);
  const outcome = await ports.checkOutMonth({ orderId, act });
  if (outcome.kind === 'placed') {
    const { reply } = outcome;
    return wantsJson(request) ? { status: 201, body: reply } : page(201, describePayment(reply));
  }
  const status = outcome.kind === 'closed' ? 409 : 502;
  const { sentence } = outcome;
  return wantsJson(request) ? { status, body: { kind: outcome.kind, sentence } } : page(status, sentence);
}

const buttons: Record<MonthAct, string> = {
  renew: 'Keep this server and pay',
  switch: 'Order this server and pay',
};

/** The order of a valid link; null for every other one. */
function linkedOrder(
  { params, query }: RouteRequest,
  ports: HttpDeps['ports'],
  purpose: MonthAct,
): string | null {
  const { id: orderId = '' } = params;
  const { until = '', key = '' } = query;
  return ports.isValidLink({ orderId, purpose, until, key }) ? orderId : null;
}

async function badLink(request: RouteRequest): Promise<Reply> {
  const sentence = 'This link is not valid any more. Look for a newer one in your mail, or write to us.';
  return wantsJson(request) ? { status: 403, body: { kind: 'badLink', sentence } } : page(403, sentence);
}

function describeOffer(offer: Extract<MonthOffer, { kind: 'open' }>): string {
  const { act, ip, productName, amountPaise, currency, until } = offer;
  const price = formatMoney({ amountMinor: amountPaise, currency });
  const end = `It is free until ${until.slice(0, 16).replace('T', ' ')} UTC.`;
  return act === 'renew'
    ? `Your server ${ip} (${productName}). ${end} One more month costs ${price}.`
    : `${productName} for ${price} a month, instead of your server ${ip}, which ends once the new one is yours.`;
}

function describePayment(reply: Extract<MonthCheckout, { kind: 'placed' }>['reply']): string {
  const { orderId, amountPaise, currency, payment } = reply;
  const price = formatMoney({ amountMinor: amountPaise, currency });
  return (
    `Your order ${orderId} over ${price} is waiting for its payment at ${payment.gateway} ` +
    `(payment session ${payment.sessionId}). We write to you as soon as it has arrived.`
  );
}

function wantsJson({ headers }: RouteRequest): boolean {
  return (headers.accept ?? '').includes('application/json');
}

function page(status: number, sentence: string, button?: string): Promise<Reply> {
  const form = button === undefined ? nothing : html`<form method="post"><button>${button}</button></form>`;
  const body = html`<main id="main" class="login"><div class="card"><h1>Your server</h1><p>${sentence}</p>${form}</div></main>`;
  return document({ title: 'Your server', body, status });
}
