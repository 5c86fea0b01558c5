import { html } from 'hono/html';
import { customerDocument } from './customer-layout.ts';
import type { HttpDeps } from './ports.ts';
import { isOrderId } from './read-request.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { backTo } from './site/layout.ts';

/**
 * `GET /orders/:id`: where the gateway sends a customer who has paid. Whoever knows the id may look, so it says how the
 * order stands in the customer's words, and neither who ordered, nor what, nor where it runs. Razorpay comes back by
 * POST; what it posts is not believed, its webhook tells of the payment.
 */
export const customerRoutes: readonly Route[] = [
  {
    ...{ method: 'GET', path: '/orders/:id', access: 'public', body: 'none', isForCustomers: true },
    handle: showStanding,
  },
  {
    ...{ method: 'POST', path: '/orders/:id', access: 'public', body: 'none', isForCustomers: true },
    handle: async ({ params }) => backTo(`/orders/${encodeURIComponent(params.id ?? '')}`),
  },
];

async function showStanding({ params }: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const { id: orderId = '' } = params;
  const order = isOrderId(orderId) ? await ports.findOrder({ orderId }) : null;
  const content = order === null ? unknown : standing(order);
  return customerDocument({ title: 'Your order', content, status: order === null ? 404 : 200 });
}

const unknown = html`<p>There is no order at this address. Check the link, or write to us.</p>`;

function standing({ orderId, customerText }: { orderId: string; customerText: string }) {
  return html`<p role="status">${customerText}</p>
<p class="soft">Order <span class="mono">${orderId}</span>. We write to you by mail as soon as something changes; you may close this page.</p>
<p><a class="button quiet" href="/orders/${orderId}">Look again</a></p>`;
}
