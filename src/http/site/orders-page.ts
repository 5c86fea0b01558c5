import { html } from 'hono/html';
import { describeDuration } from '../../domain/duration.ts';
import { failureCodes, type OrderStatus, orderStatuses } from '../../domain/order.ts';
import type { OrderLine } from '../../domain/order-report.ts';
import { statusWords } from '../../domain/order-words.ts';
import type { HttpDeps } from '../ports.ts';
import { isOrderId } from '../read-request.ts';
import type { Notice, Reply, RouteRequest, Visitor } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { backTo, moment, nextMove, page, reasonField, token } from './layout.ts';
import { formOf, noReason, noticeOf, readSaid, valuesOf, visitorOf } from './read-form.ts';
import type { OpenOrders, OrderSearch } from './site-ports.ts';

const path = '/admin/manageOrders';
const pageSize = 50;
const dayMs = 24 * 60 * 60 * 1000;

/** `GET /admin/manageOrders`: lists by status, failure, package and day; an address is never part of an URL. */
export async function showOrders(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  const search = readSearch(request.query);
  const [orders, open] = await Promise.all([deps.ports.searchOrders(search), deps.ports.countOpen()]);
  return ordersPage(request, { deps, search, orders, open, given: request.query });
}

/** `POST /admin/manageOrders/search`: the orders of a customer's address, as far as they fit the filter. */
export async function searchByEmail(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  const given = formOf(request);
  const { email = '' } = given;
  const said = readSaid(request);
  if (said === null || email === '') {
    visitorOf(request).tell(said === null ? noReason : noEmail);
    return backTo(path);
  }
  const search = { ...readSearch(given), email };
  const [orders, open] = await Promise.all([
    deps.ports.searchByEmail({ ...search, ...said }),
    deps.ports.countOpen(),
  ]);
  return ordersPage(request, { deps, search, orders, open, given });
}

const noEmail: Notice = { tone: 'bad', lines: ['Nothing was searched for: write the mail address.'] };

/** Browsers and proxies give up after a minute or so; where no worker answers each order takes many seconds. */
const retryWithinMs = 40_000;

/**
 * `POST /admin/manageOrders/retry`: one order after another, each with its own answer; the oldest first, as they are
 * to be served in that order.
 */
export async function retryOrders(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const said = readSaid(request);
  const orderIds = valuesOf(request, 'orderId').filter(isOrderId).slice(0, pageSize).sort();
  const location = backPath(formOf(request).back);
  if (said === null || orderIds.length === 0) {
    visitor.tell(said === null ? noReason : { tone: 'bad', lines: ['Nothing was done: choose an order.'] });
    return backTo(location);
  }
  const lines: string[] = [];
  let refused = 0;
  const giveUpAt = Date.now() + retryWithinMs;
  for (const [index, orderId] of orderIds.entries()) {
    if (Date.now() > giveUpAt) {
      const left = orderIds.length - index;
      refused += left;
      lines.push(
        `${left} more: not asked, since it took too long. Check that a worker runs, then choose again.`,
      );
      break;
    }
    const notice = noticeOf(await ports.retryOrder({ orderId, ...said }));
    if (notice.tone === 'bad') refused += 1;
    lines.push(`${orderId}: ${notice.lines.join(' ')}`);
  }
  const tone: Notice['tone'] = refused > 0 ? 'bad' : 'good';
  const head = `Retried ${orderIds.length - refused} of ${orderIds.length}.`;
  visitor.tell({ tone, lines: [head, ...lines] });
  return backTo(location);
}

/** Only to the list itself: a form can be made to say anything. */
function backPath(given: string | undefined): string {
  return given?.startsWith(`${path}?`) && !/[\r\n]/.test(given) ? given : path;
}

function readSearch(query: Readonly<Record<string, string>>): OrderSearch {
  const { status = '', code = '', before = '' } = query;
  const packageKey = (query.package ?? '').trim();
  const [from, to] = [dayOf(query.from), dayOf(query.to)];
  const failure = failureCodes.find((known) => known === code) ?? null;
  return {
    // A code means failed orders, whatever status is chosen beside it: the filter shows what the list does.
    status: failure === null ? (orderStatuses.find((known) => known === status) ?? null) : 'failed',
    code: failure,
    packageKey: packageKey === '' ? null : packageKey,
    email: null,
    from,
    to: to === null ? null : new Date(Date.parse(to) + dayMs).toISOString(),
    before: isOrderId(before) ? before : null,
    limit: pageSize + 1,
  };
}

/** The start of a day (UTC) as the date field gives it. */
function dayOf(text: string | undefined): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text ?? '')) return null;
  const at = new Date(`${text}T00:00:00.000Z`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

interface Listing {
  deps: HttpDeps;
  search: OrderSearch;
  orders: OrderLine[];
  open: OpenOrders;
  /** What the search was asked with, by address or form. */
  given: Readonly<Record<string, string>>;
}

function ordersPage(request: RouteRequest, listing: Listing): Promise<Reply> {
  const visitor = visitorOf(request);
  const { search, open, given } = listing;
  const content = html`<h1>Orders</h1>
${countsOf(listing)}
<section class="card" aria-label="Filter"><form class="filters" method="get" action="${path}">
<label for="status">Status<select id="status" name="status">${options(
    orderStatuses.map((value) => [value, statusWords[value]]),
    search.status,
  )}</select></label>
<label for="code">Failure<select id="code" name="code">${options(
    failureCodes.map((value) => [value, value]),
    search.code,
  )}</select></label>
<label for="package">Package<input id="package" name="package" value="${search.packageKey ?? ''}" placeholder="103.181.91"></label>
<label for="from">Ordered from (UTC)<input id="from" name="from" type="date" value="${search.from?.slice(0, 10) ?? ''}"></label>
<label for="to">to<input id="to" name="to" type="date" value="${given.to ?? ''}"></label>
<div class="row"><button>Filter</button><a class="button quiet" href="${path}">All</a></div>
</form>
<details><summary>Search by a customer's e-mail</summary><form method="post" action="${path}/search" class="row">${token(visitor)}${hidden(given, filterNames)}
<label for="email">E-mail address, exactly<input id="email" name="email" type="email" required maxlength="254" autocomplete="off"></label>
${reasonField('email-reason')}<button>Search</button></form><p class="soft small">Within the filter above. The search is recorded in the audit log, without the address.</p></details></section>
${search.email === null ? nothing : html`<p>Orders of the address you searched for, as far as they fit the filter. <a href="${path}">Back to all orders</a></p>`}
${tableOf(request, listing)}`;
  const isCrowded = open.isCapped ? ' (many)' : '';
  return page({ title: `Orders${isCrowded}`, section: path, visitor, content });
}

const filterNames = ['status', 'code', 'package', 'from', 'to'] as const;

function hidden(given: Readonly<Record<string, string>>, names: readonly string[]): Html {
  return html`${names
    .filter((name) => (given[name] ?? '') !== '')
    .map((name) => html`<input type="hidden" name="${name}" value="${given[name] ?? ''}">`)}`;
}

function options(values: readonly (readonly [string, string])[], chosen: string | null): Html {
  return html`<option value="">All</option>${values.map(([value, label]) =>
    value === chosen
      ? html`<option value="${value}" selected>${label}</option>`
      : html`<option value="${value}">${label}</option>`,
  )}`;
}

function countsOf({ open, deps: { shopTimeZone } }: Listing): Html {
  const { byStatus, byCode, oldest, isCapped } = open;
  if (byStatus.length === 0) return html`<p class="soft">No order is open: nothing waits.</p>`;
  const more = isCapped ? '+' : '';
  return html`<ul class="counts" aria-label="Open orders">
${byStatus.map(({ status, count }) => html`<li><a href="${path}?status=${status}"><b>${count}${more}</b> ${statusWords[status]}</a></li>`)}
${byCode.map(({ code, count }) => html`<li><a href="${path}?code=${code}"><b>${count}${more}</b> <span class="mono">${code}</span></a></li>`)}
</ul>${
    oldest === null
      ? nothing
      : html`<p>Oldest waiting: <a href="/admin/orders/${oldest.orderId}">${oldest.orderId}</a>, ${statusWords[oldest.status]}, since ${moment(oldest.since, shopTimeZone)}.</p>`
  }`;
}

function tableOf(request: RouteRequest, listing: Listing): Html {
  const { deps, orders } = listing;
  const visitor = visitorOf(request);
  const shown = orders.slice(0, pageSize);
  if (shown.length === 0) return html`<p class="card">No order fits.</p>`;
  const here = `${path}?${new URLSearchParams({ ...request.query })}`;
  return html`<form method="post" action="${path}/retry" class="card">${token(visitor)}
<input type="hidden" name="back" value="${here}">
<table class="list"><caption class="soft small">Newest first, at most ${pageSize}.</caption>
<thead><tr><th scope="col">Retry</th><th scope="col">Order</th><th scope="col">Status</th><th scope="col">Package</th><th scope="col">Since</th><th scope="col">Next by itself</th></tr></thead>
<tbody>${shown.map((order) => rowOf(order, deps.shopTimeZone))}</tbody></table>
<h2>Retry the chosen orders</h2>
<p class="soft small">What was bought so far is verified first, then each order goes on. Nothing is bought twice.</p>
<div class="row">${reasonField('retry-reason')}<button>Retry</button></div></form>${olderOf(visitor, listing)}`;
}

/** The way to the next page; of a search by address it is a form, so that the address stands in no URL. */
function olderOf(visitor: Visitor, { search, orders, given }: Listing): Html {
  const before = orders[pageSize - 1]?.orderId;
  if (orders.length <= pageSize || before === undefined) return nothing;
  if (search.email !== null) {
    const asked = { ...given, before };
    return html`<form method="post" action="${path}/search">${token(visitor)}${hidden(asked, [...filterNames, 'email', 'reason', 'before'])}<p><button class="quiet">Older orders</button></p></form>`;
  }
  const query = Object.entries(given).filter(([name, value]) => name !== 'before' && value !== '');
  const next = new URLSearchParams([...query, ['before', before]]).toString();
  return html`<p><a class="button quiet" href="${path}?${next}">Older orders</a></p>`;
}

const retriable: readonly OrderStatus[] = [
  'failed',
  'waitingForStock',
  'queued',
  'provisioning',
  'preparing',
];

function rowOf(order: OrderLine, timeZone: string): Html {
  const { orderId, status, statusText, packageKey, since, ageSeconds, failureCode, next } = order;
  // The badge says the status already.
  const sentence = statusText.replace(`${statusWords[status]}: `, '');
  const box = retriable.includes(status)
    ? html`<label class="inline"><input type="checkbox" name="orderId" value="${orderId}" aria-label="Choose ${orderId}"></label>`
    : nothing;
  return html`<tr><td>${box}</td>
<td><a class="mono" href="/admin/orders/${orderId}">${orderId}</a></td>
<td>${badge(status)}${failureCode === null ? nothing : html` <span class="mono">${failureCode}</span><br><span class="small">${sentence}</span>`}</td>
<td class="mono">${packageKey}</td>
<td>${moment(since, timeZone)}<br><span class="soft small">for ${describeDuration(ageSeconds * 1000)}</span></td>
<td class="small">${next === null ? html`<span class="soft">–</span>` : nextMove(next, timeZone)}</td></tr>`;
}

const tones: Partial<Record<OrderStatus, string>> = {
  active: 'good',
  refunded: 'good',
  failed: 'bad',
  waitingForStock: 'warn',
  compensating: 'warn',
};

/** A status in words, with a colour beside them. */
export function badge(status: OrderStatus): Html {
  return html`<span class="badge ${tones[status] ?? ''}">${statusWords[status]}</span>`;
}
