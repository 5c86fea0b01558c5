import { html } from 'hono/html';
import { describeDuration } from '../../domain/duration.ts';
import { formatMoney } from '../../domain/money.ts';
import type { Goods, Money } from '../../domain/order.ts';
import type { OrderReport } from '../../domain/order-report.ts';
import type { StoryLine } from '../../domain/order-story.ts';
import { sayUnsaidNext } from '../../domain/order-words.ts';
import { formatExactMoment } from '../../domain/shop-time.ts';
import type { HttpDeps } from '../ports.ts';
import { problem } from '../problem.ts';
import { isOrderId } from '../read-request.ts';
import type { Reply, RouteRequest, Visitor } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { moment, nextMove, page } from './layout.ts';
import { actForms, orderForm } from './order-forms.ts';
import { badge } from './orders-page.ts';
import { visitorOf } from './read-form.ts';
import type { Contact, RevealedLogin } from './site-ports.ts';

/** What is shown once, in answer to a recorded act. */
export interface Shown {
  contact?: Contact;
  login?: RevealedLogin;
}

/** `GET /admin/orders/:id`. */
export async function showOrderPage(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  return orderPage(request, deps, {});
}

/** The page of one order, with what an act has just shown. */
export async function orderPage(request: RouteRequest, deps: HttpDeps, shown: Shown): Promise<Reply> {
  const orderId = request.params.id ?? '';
  const report = isOrderId(orderId) ? await deps.ports.reportOrder({ orderId }) : null;
  if (report === null) {
    return problem({ type: 'unknown-order', detail: 'There is no order with this id. Check the address.' });
  }
  const visitor = visitorOf(request);
  const { shopTimeZone: zone } = deps;
  const content = html`<h1>Order <span class="mono">${orderId}</span></h1>
<div class="grid two"><div class="stand">
${standing(report, zone)}
${loginCard(shown)}${contactCard(shown)}
</div><div class="side">
<section class="card"><h2>What you can do</h2>${actForms(report, visitor)}${lookForms(report, visitor)}</section>
${factsCard(report, zone)}
</div><div class="story">
<section class="card"><h2>What happened</h2>${report.hasHistory || report.owner === null ? nothing : lostSteps}${timeline(report.timeline, zone)}</section>
</div></div>`;
  return page({ title: `Order ${orderId}`, section: '/admin/manageOrders', visitor, content });
}

const lostSteps = html`<p class="soft small">The workflows' own steps are not shown: Temporal does not keep them any more, or does not answer. Everything else is from our own records.</p>`;

function standing(report: OrderReport, zone: string): Html {
  const { status, ageSeconds, since, failure, recommended, next, decisionDeadline, openCase } = report;
  const latest = report.timeline.findLast(({ source }) => source === 'order');
  return html`<section class="card"><h2>Where it stands</h2>
<p>${badge(status)} <span class="soft">for ${describeDuration(ageSeconds * 1000)}, since ${moment(since, zone)}</span></p>
${failure === null || status !== 'failed' ? nothing : html`<p>${failure.message} <span class="mono">(${failure.code})</span></p>`}
<dl class="facts">
${latest === undefined || status === 'failed' ? nothing : html`<dt>Latest</dt><dd>${latest.text}</dd>`}
<dt>Next by itself</dt><dd>${next === null ? sayUnsaidNext(status) : nextMove(next, zone)}</dd>
${decisionDeadline === null ? nothing : html`<dt>Decision by</dt><dd>${moment(decisionDeadline, zone)}</dd>`}
${recommended === null ? nothing : html`<dt>Recommended</dt><dd><b>${recommended}</b></dd>`}
${openCase === null ? nothing : html`<dt>Open case</dt><dd>${openCase.sentence} <span class="soft mono">(${openCase.purchaseId}, since ${moment(openCase.openedAt, zone)})</span></dd>`}
</dl></section>`;
}

function timeline(lines: readonly StoryLine[], timeZone: string): Html {
  return html`<ol class="timeline">${lines.map(
    ({ at, source, text, detail }) =>
      html`<li class="${source}"><time class="at" datetime="${at}" title="${at}">${formatExactMoment({ at, timeZone })}</time><span class="source">${source}</span>${text}${detail === undefined ? nothing : html`<pre tabindex="0">${detail}</pre>`}</li>`,
  )}</ol>`;
}

const moneyWords: Record<Money, string> = {
  unpaid: 'not paid',
  kept: 'paid, with us',
  refunding: 'on its way back',
  refunded: 'sent back',
};
const goodsWords: Record<Goods['state'], string> = {
  none: 'none',
  buying: 'being bought:',
  parked: 'unclear, see its case:',
  delivered: 'delivered:',
};
const verdictWords: Readonly<Record<string, string>> = {
  right: 'the right amount',
  mismatch: 'a wrong amount: goes back',
  extra: 'one too many: goes back',
  unmatched: 'for no order of ours',
};

function factsCard(report: OrderReport, zone: string): Html {
  const { product, amount, createdAt, paidAt, money, goods, remedy, owner, webUi } = report;
  return html`<section class="card"><h2>On record</h2><dl class="facts">
<dt>Ordered</dt><dd>${product.name}, ${product.ramGb} GB, ${product.os}</dd>
<dt>Package</dt><dd class="mono">${report.packageKey}</dd>
<dt>Price</dt><dd>${formatMoney(amount)}</dd>
<dt>Ordered on</dt><dd>${moment(createdAt, zone)}</dd>
<dt>Paid on</dt><dd>${moment(paidAt, zone)}</dd>
<dt>Money</dt><dd>${moneyWords[money]}</dd>
<dt>Server for it</dt><dd>${goodsWords[goods.state]}${goods.state === 'none' ? nothing : html` <span class="mono">${goods.purchaseId}</span>`}</dd>
${remedy === null ? nothing : html`<dt>Remedy</dt><dd>${remedy.option}</dd>`}
${report.servers.map(({ ip, state, expiresAt }) => html`<dt>Server</dt><dd><span class="mono">${ip}</span>, ${state}, paid until ${moment(expiresAt, zone)}</dd>`)}
${report.payments.map((row) => html`<dt>Payment</dt><dd>${row.gateway} <span class="mono">${row.paymentId}</span>, ${formatMoney(row.amount)}, ${verdictWords[row.verdict ?? ''] ?? 'not judged yet'}</dd>`)}
${report.refunds.map((row) => html`<dt>Refund</dt><dd><span class="mono">${row.refundId}</span>, ${formatMoney(row.amount)}, ${row.state}</dd>`)}
${owner === null ? nothing : html`<dt>Workflow</dt><dd class="mono">${owner}</dd>`}
</dl>${webUi === null ? nothing : html`<p><a href="${webUi}">Open it in the Temporal Web UI</a></p>`}</section>`;
}

function lookForms({ orderId, goods, servers }: OrderReport, visitor: Visitor): Html {
  const hasServer = goods.state !== 'none' || servers.length > 0;
  const login = hasServer
    ? orderForm(
        { orderId, path: 'login', summary: 'Show the login of its server', button: 'Show it once' },
        visitor,
      )
    : nothing;
  return html`${login}${orderForm({ orderId, path: 'customer', summary: 'Show the customer', button: 'Show it once' }, visitor)}`;
}

function contactCard({ contact }: Shown): Html {
  if (contact === undefined) return nothing;
  return html`<section class="card" aria-label="Customer"><h2>Customer</h2><dl class="facts"><dt>Name</dt><dd>${contact.name}</dd>
<dt>E-mail</dt><dd>${contact.email}</dd><dt>Phone</dt><dd>${contact.phone}</dd></dl>
<p class="soft small">Shown this once; it is recorded that you saw it.</p></section>`;
}

function loginCard({ login }: Shown): Html {
  if (login === undefined) return nothing;
  return html`<section class="card" aria-label="Login of the server"><h2>Login of the server</h2><dl class="facts"><dt>Address</dt><dd class="mono">${login.ip ?? '–'}</dd>
<dt>System</dt><dd>${login.os}</dd><dt>User</dt><dd class="mono">${login.username}</dd><dt>Password</dt><dd class="mono">${login.password}</dd></dl>
<p class="soft small">Shown this once; it is recorded that you saw it. Loading the page again hides it.</p></section>`;
}
