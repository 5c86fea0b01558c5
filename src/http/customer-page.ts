import { html } from 'hono/html';
import { hasToken } from './access.ts';
import type { HttpDeps } from './ports.ts';
import { isOrderId } from './read-request.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { document } from './site/layout.ts';

/**
 * `GET /orders/:id`: where the gateway sends a customer who has paid, and where every mail leads. The link is signed:
 * whoever merely knows the id sees nothing. It says how the order stands in the customer's words, and neither who
 * ordered, nor what, nor where it runs: links are passed on.
 */
export const customerPage: Route = {
  method: 'GET',
  path: '/orders/:id',
  access: 'public',
  body: 'none',
  handle: showStanding,
};

/** True for the signed link to the page of this very order. */
export function isOrderLink(
  { params, query }: Pick<RouteRequest, 'params' | 'query'>,
  ports: Pick<HttpDeps['ports'], 'isValidLink'>,
): boolean {
  const { id: orderId = '' } = params;
  const { until = '', key = '' } = query;
  return ports.isValidLink({ orderId, purpose: 'order', until, key });
}

/** True where the customer's link alone let the request in: whoever sends a token reads as staff. */
export function isByLink({ headers }: Pick<RouteRequest, 'headers'>): boolean {
  return !hasToken(headers.authorization);
}

async function showStanding(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  if (!isOrderLink(request, ports)) return showPage(403, badLink);
  const { id: orderId = '' } = request.params;
  const order = isOrderId(orderId) ? await ports.findOrder({ orderId }) : null;
  if (order === null) return showPage(404, unknown);
  const { until = '', key = '' } = request.query;
  const here = `/orders/${orderId}?${new URLSearchParams({ until, key })}`;
  return showPage(200, standing({ ...order, here }));
}

function showPage(status: number, words: ReturnType<typeof html>): Promise<Reply> {
  const body = html`<main id="main" class="login"><div class="card"><h1>Your order</h1>${words}</div></main>`;
  return document({ title: 'Your order', body, status });
}

const badLink = html`<p>This link does not open an order: it is not complete, or it has expired.</p>
<p>Open the link “How your order stands” in the newest mail that we sent you about your order. If you have no mail from us, write to us and give your order's number.</p>`;

const unknown = html`<p>There is no order at this address any more. Please write to us.</p>`;

function standing(order: { orderId: string; customerText: string; here: string }) {
  const { orderId, customerText, here } = order;
  return html`<p role="status">${customerText}</p>
<p class="soft">Order <span class="mono">${orderId}</span>. We write to you by mail as soon as something changes; you may close this page.</p>
<p><a class="button quiet" href="${here}">Look again</a></p>`;
}
