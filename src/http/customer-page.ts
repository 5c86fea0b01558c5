import { html } from 'hono/html';
import type { HttpDeps } from './ports.ts';
import { isOrderId } from './read-request.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { document } from './site/layout.ts';

/**
 * `GET /orders/:id`: where the gateway sends a customer who has paid. Whoever knows the id may look, so it says how the
 * order stands in the customer's words, and neither who ordered, nor what, nor where it runs.
 */
export const customerPage: Route = {
  method: 'GET',
  path: '/orders/:id',
  access: 'public',
  body: 'none',
  handle: showStanding,
};

async function showStanding({ params }: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const { id: orderId = '' } = params;
  const order = isOrderId(orderId) ? await ports.findOrder({ orderId }) : null;
  const words = order === null ? unknown : standing(order);
  const body = html`<main id="main" class="login"><div class="card"><h1>Your order</h1>${words}</div></main>`;
  return document({ title: 'Your order', body, status: order === null ? 404 : 200 });
}

const unknown = html`<p>There is no order at this address. Check the link, or write to us.</p>`;

function standing({ orderId, customerText }: { orderId: string; customerText: string }) {
  return html`<p role="status">${customerText}</p>
<p class="soft">Order <span class="mono">${orderId}</span>. We write to you by mail as soon as something changes; you may close this page.</p>
<p><a class="button quiet" href="/orders/${orderId}">Look again</a></p>`;
}
