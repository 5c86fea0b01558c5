import { html } from 'hono/html';
import type { MonthAct } from '../domain/free-month.ts';
import { hasToken } from './access.ts';
import { customerDocument } from './customer-layout.ts';
import type { HttpDeps } from './ports.ts';
import { isOrderId } from './read-request.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { backTo } from './site/layout.ts';

/**
 * `GET /orders/:id`: where the gateway sends a customer who has paid, and where every mail leads. The link is signed:
 * whoever merely knows the id sees nothing. It says how the order stands in the customer's words, and neither who
 * ordered, nor what, nor where it runs: links are passed on. Razorpay comes back by POST; what it posts is not believed,
 * its webhook tells of the payment.
 */
export const customerRoutes: readonly Route[] = [
  {
    ...{ method: 'GET', path: '/orders/:id', access: 'public', body: 'none', isForCustomers: true },
    handle: showStanding,
  },
  {
    ...{ method: 'POST', path: '/orders/:id', access: 'public', body: 'none', isForCustomers: true },
    handle: async (request) => backTo(addressOf(request)),
  },
];

/** True where a request came by the signed link of this very order for this purpose. */
export function isLinked(
  { params, query }: Pick<RouteRequest, 'params' | 'query'>,
  ports: Pick<HttpDeps['ports'], 'isValidLink'>,
  purpose: 'order' | MonthAct,
): boolean {
  const { id: orderId = '' } = params;
  const { until = '', key = '' } = query;
  return ports.isValidLink({ orderId, purpose, until, key });
}

/** True where the customer's link alone let the request in: whoever sends a token reads as staff. */
export function isByLink({ headers }: Pick<RouteRequest, 'headers'>): boolean {
  return !hasToken(headers.authorization);
}

async function showStanding(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  if (!isLinked(request, ports, 'order')) return showPage(403, badLink);
  const { id: orderId = '' } = request.params;
  const order = isOrderId(orderId) ? await ports.findOrder({ orderId }) : null;
  if (order === null) return showPage(404, unknown);
  return showPage(200, standing({ ...order, here: addressOf(request) }));
}

function addressOf({ params, query }: RouteRequest): string {
  const { until = '', key = '' } = query;
  return `/orders/${encodeURIComponent(params.id ?? '')}?${new URLSearchParams({ until, key })}`;
}

function showPage(status: number, content: ReturnType<typeof html>): Promise<Reply> {
  return customerDocument({ title: 'Your order', content, status });
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
