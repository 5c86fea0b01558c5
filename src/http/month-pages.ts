import { html } from 'hono/html';
import type { MonthAct, MonthOffer } from '../domain/free-month.ts';
import { formatMoney } from '../domain/money.ts';
import type { GatewayName } from '../domain/order.ts';
import { formatMoment } from '../domain/shop-time.ts';
import type { CheckoutReply, PayForm } from '../domain/storefront.ts';
import { customerDocument, wantsJson } from './customer-layout.ts';
import { isLinked } from './customer-page.ts';
import type { HttpDeps } from './ports.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { type Html, nothing } from './site/html.ts';

/** The pages behind a customer's links: what is offered, and a button. They need no login; the link is signed. */
export const monthRoutes: readonly Route[] = (['renew', 'switch'] as const).flatMap((act): Route[] => [
  {
    ...{ method: 'GET', path: `/orders/:id/${act}`, access: 'public', body: 'none', isForCustomers: true },
    handle: (request, deps) => showOffer(request, deps, act),
  },
  {
    ...{ method: 'POST', path: `/orders/:id/${act}`, access: 'public', body: 'none', isForCustomers: true },
    handle: (request, deps) => takeOffer(request, deps, act),
  },
]);

const gatewayNames: Record<GatewayName, string> = { cashfree: 'Cashfree', razorpay: 'Razorpay' };

const titles: Record<MonthAct, string> = {
  renew: 'Keep your server',
  switch: 'Get the server you ordered',
};

/** Looking changes nothing: mail programs open links by themselves. */
async function showOffer(request: RouteRequest, deps: HttpDeps, act: MonthAct): Promise<Reply> {
  const { ports, shopTimeZone } = deps;
  const orderId = linkedOrder(request, ports, act);
  if (orderId === null) return badLink(request, act);
  const offer = await ports.offerMonth({ orderId, act });
  if (isForScript(request)) return { status: offer.kind === 'open' ? 200 : 409, body: offer };
  if (offer.kind === 'closed')
    return closedPage({ act, orderId, orderUrl: ports.orderLink({ orderId }), sentence: offer.sentence });
  return customerDocument({ title: titles[act], content: describeOffer(offer, shopTimeZone) });
}

async function takeOffer(request: RouteRequest, { ports }: HttpDeps, act: MonthAct): Promise<Reply> {
  const orderId = linkedOrder(request, ports, act);
  if (orderId === null) return badLink(request, act);
  const outcome = await ports.checkOutMonth({ orderId, act });
  const isScript = isForScript(request);
  if (outcome.kind === 'placed') {
    const { reply } = outcome;
    return isScript ? { status: 201, body: reply } : payPage({ act, reply, form: ports.payForm(reply) });
  }
  const { kind, sentence } = outcome;
  if (isScript) return { status: kind === 'closed' ? 409 : 502, body: { kind, sentence } };
  if (kind !== 'closed') return failedPage(act);
  return closedPage({ act, orderId, orderUrl: ports.orderLink({ orderId }), sentence });
}

/** The order of a valid link; null for every other one. */
function linkedOrder(request: RouteRequest, ports: HttpDeps['ports'], act: MonthAct): string | null {
  return isLinked(request, ports, act) ? (request.params.id ?? '') : null;
}

function badLink(request: RouteRequest, act: MonthAct): Reply | Promise<Reply> {
  const { until = '' } = request.query;
  const hasEnded = /^\d{1,12}$/.test(until) && Number(until) * 1000 < Date.now();
  const sentence = hasEnded
    ? 'This link has ended together with the free month.'
    : 'This link is not complete, or not ours. Open it from our mail, or copy it as a whole.';
  if (isForScript(request)) return { status: 403, body: { kind: 'badLink', sentence } };
  const content = html`<p>${sentence}</p>
<p>If you still need a server, order one in the shop, or answer our mail: we gladly help.</p>`;
  return customerDocument({ title: titles[act], content, status: 403 });
}

function closedPage(input: {
  act: MonthAct;
  orderId: string;
  orderUrl: string;
  sentence: string;
}): Promise<Reply> {
  const { act, orderId, orderUrl, sentence } = input;
  const content = html`<p role="status">${sentence}</p>
<p class="soft">Nothing was charged by opening this page. Questions? Answer our mail and name the order <span class="mono">${orderId}</span>.</p>
<p><a class="button quiet" href="${orderUrl}">How the order stands</a></p>`;
  return customerDocument({ title: titles[act], content, status: 409 });
}

function failedPage(act: MonthAct): Promise<Reply> {
  const content = html`<p role="alert">The payment could not be opened: the payment company does not answer. Nothing was charged.</p>
<form method="post"><button>Try again</button></form>
<p class="soft small">If it still does not work in a few minutes, the link in our mail stays good until the end of the free month.</p>`;
  return customerDocument({ title: titles[act], content, status: 502 });
}

function describeOffer(offer: Extract<MonthOffer, { kind: 'open' }>, timeZone: string): Html {
  const { act, ip, productName, amountPaise, currency, until } = offer;
  const price = formatMoney({ amountMinor: amountPaise, currency });
  const end = formatMoment({ at: until, timeZone });
  const what = act === 'renew' ? renewal : exchange;
  return html`<dl class="facts">
<dt>Your server now</dt><dd><span class="mono">${ip}</span>, free until ${end}</dd>
<dt>${what.label}</dt><dd>${productName}</dd>
<dt>Price</dt><dd>${price} ${what.term}</dd></dl>
<h2>What happens</h2>
<ul>${what.steps.map((step) => html`<li>${step}</li>`)}</ul>
<form method="post"><button>${what.button}</button></form>
<p class="soft small">Nothing is charged yet: the payment comes on the next page.</p>`;
}

const renewal = {
  label: 'You keep',
  term: 'for one more month',
  button: 'Keep this server and pay',
  steps: [
    'You pay for one more month. It begins where the time ends that is paid for now.',
    'Address, login and data stay as they are.',
    'If it cannot be renewed any more, your money goes back by itself.',
  ],
};
const exchange = {
  label: 'You get',
  term: 'for the first month',
  button: 'Order this server and pay',
  steps: [
    'You pay, and we set the server up that you ordered. Its login comes by mail.',
    'Once it is yours, the server you have now is switched off and wiped. Copy what you want to keep before you pay.',
    'If it cannot be delivered, your money goes back; the server you have stays until its free time ends.',
  ],
};

function payPage(input: { act: MonthAct; reply: CheckoutReply; form: PayForm | null }): Promise<Reply> {
  const { act, reply, form } = input;
  const { orderId, orderUrl, amountPaise, currency, payment } = reply;
  const price = formatMoney({ amountMinor: amountPaise, currency });
  const gateway = gatewayNames[payment.gateway];
  const content = html`<dl class="facts">
<dt>Order</dt><dd class="mono">${orderId}</dd>
<dt>To pay</dt><dd>${price}</dd>
<dt>By</dt><dd>${gateway}</dd></dl>
${form === null ? away : toGateway({ form, label: `Pay ${price} with ${gateway}` })}
<p class="soft">We write to you as soon as the payment has arrived; you need not wait for it here.
If you close this page, open the link in our mail again: it leads to this order until it is paid.</p>
<p><a class="button quiet" href="${orderUrl}">How the order stands</a></p>`;
  return withGateway(customerDocument({ title: titles[act], content, status: 201 }), form);
}

const away = html`<p role="alert">This way to pay is not open at present. Answer our mail, and we find another one.</p>`;

function toGateway({ form, label }: { form: PayForm; label: string }): Html {
  const fields = Object.entries(form.fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form method="post" action="${form.url}">${fields.length > 0 ? fields : nothing}<button>${label}</button></form>`;
}

/** The one page whose form leads elsewhere: to the gateway, which may send the browser on to pages of banks. */
async function withGateway(page: Promise<Reply>, form: PayForm | null): Promise<Reply> {
  const reply = await page;
  if (form === null) return reply;
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    `form-action 'self' https: ${new URL(form.url).origin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return { ...reply, headers: { ...reply.headers, 'content-security-policy': policy.join(';') } };
}

function isForScript({ headers }: RouteRequest): boolean {
  return wantsJson(headers.accept);
}
