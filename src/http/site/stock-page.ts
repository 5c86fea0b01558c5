import { html } from 'hono/html';
import { assertNever } from '../../domain/assert-never.ts';
import type { HttpDeps } from '../ports.ts';
import type { Notice, Reply, RouteRequest, Visitor } from '../route.ts';
import type { SyncAnswer } from '../stock-routes.ts';
import { type Html, nothing } from './html.ts';
import { backTo, moment, page, reasonField, token } from './layout.ts';
import { formOf, noReason, noticeOf, readSaid, visitorOf } from './read-form.ts';
import type { StockCard } from './site-ports.ts';

const path = '/admin/ipStock';

/** `GET /admin/ipStock`. */
export async function showStock(request: RouteRequest, { ports, shopTimeZone }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const cards = await ports.listStock();
  const alerts = cards.flatMap(({ alert }) => alert ?? []);
  const content = html`<h1>Stock</h1>
${alerts.length === 0 ? nothing : html`<div class="notice warn" role="alert">${alerts.map((alert) => html`<p>${alert}</p>`)}</div>`}
<section class="card"><h2>Read the stock now</h2><form method="post" action="${path}/sync" class="row">${token(visitor)}${reasonField('sync-reason')}<button>Sync now</button></form></section>
${cards.length === 0 ? html`<p class="card">The catalogue is empty.</p>` : nothing}
<div class="grid cards">${cards.map((card, index) => stockCard(card, { index, visitor, zone: shopTimeZone }))}</div>`;
  return page({ title: 'Stock', section: path, visitor, content });
}

/** `POST /admin/ipStock/sync`. */
export async function syncFromPage(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const said = readSaid(request);
  if (said === null) visitor.tell(noReason);
  else {
    visitor.tell(noticeOfSync(await ports.syncStock(said)));
  }
  return backTo(path);
}

function noticeOfSync(answer: SyncAnswer): Notice {
  switch (answer.kind) {
    case 'done':
      return { tone: answer.told.isWell ? 'good' : 'bad', lines: answer.told.lines };
    case 'running':
      return { tone: 'good', lines: ['The stock is being read; load the page again in a moment.'] };
    case 'unavailable':
      return { tone: 'bad', lines: [answer.sentence] };
    default:
      return assertNever(answer);
  }
}

/** `POST /admin/ipStock/sale`: starts or stops the sale of a product; the reason is its note. */
export async function setSaleFromPage(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const said = readSaid(request);
  const { productId = '', sale } = formOf(request);
  if (said === null || (sale !== 'start' && sale !== 'stop')) visitor.tell(noReason);
  else visitor.tell(noticeOf(await ports.setSale({ ...said, productId, isSold: sale === 'start' })));
  return backTo(path);
}

function stockCard(
  card: StockCard,
  { index, visitor, zone }: { index: number; visitor: Visitor; zone: string },
): Html {
  const { supplier, packageName, available, lastCount, readAt, staleSince, staleWhy, dry, alert } = card;
  const count = available ?? lastCount;
  const tone = available === null ? 'warn' : alert === null ? 'good' : 'bad';
  const word = available === null ? 'not known now' : alert === null ? 'well' : 'low';
  return html`<section class="card" aria-labelledby="stock-${index}"><h2 id="stock-${index}">${packageName} <span class="soft small">${supplier}</span></h2>
<p><span class="big">${count ?? '?'}</span> addresses <span class="badge ${tone}">${word}</span>${dry ? html` <span class="badge bad">counts as empty</span>` : nothing}</p>
${alert === null ? nothing : html`<p>${alert}</p>`}
${dry ? html`<p>It sold an address of another package: nothing is bought from it until its count changes, or somebody retries an order.</p>` : nothing}
<p class="soft small">${card.held} kept by unpaid checkouts, ${card.promised} promised to paid orders.</p>
<p class="soft small">${readAt === null ? 'Never read.' : html`Read ${moment(readAt, zone)}.`}${
    staleSince === null
      ? nothing
      : html` <b>Stale since ${moment(staleSince, zone)}</b>${staleWhy === null ? nothing : html`: ${staleWhy}`}`
  }</p>
${graph(card)}
${card.products.map((product, at) => productRow(product, { key: `${index}-${at}`, visitor }))}</section>`;
}

function productRow(
  product: StockCard['products'][number],
  { key, visitor }: { key: string; visitor: Visitor },
): Html {
  const { productId, name, reserve, free, marks, disabled } = product;
  const label = disabled === null ? 'Stop the sale' : 'Start the sale';
  const isStopped = disabled?.auto === true;
  const thresholds = Object.entries(marks).flatMap(([mark, value]) =>
    sayMark({ mark, value, marks, isStopped }),
  );
  return html`<h3>${name} <span class="soft mono">${productId}</span></h3>
<p>${disabled === null ? html`<span class="badge good">on sale</span> ${free === null ? nothing : html`${free} may be sold now`}` : html`<span class="badge bad">off sale</span> ${disabled.note}${disabled.auto ? html` <span class="soft">(by the monitor, which sells it again by itself)</span>` : nothing}`}</p>
<p class="soft small">Kept in reserve: ${reserve}${thresholds.map((text) => html`, ${text}`)}.</p>
<details><summary>${label}</summary><form method="post" action="${path}/sale" class="row">${token(visitor)}
<input type="hidden" name="productId" value="${productId}"><input type="hidden" name="sale" value="${disabled === null ? 'stop' : 'start'}">
${reasonField(`sale-reason-${key}`)}<button class="${disabled === null ? 'danger' : ''}">${label}</button></form></details>`;
}

/** The stock marks of the policy (POLICY_FILE) in words: at a number, and switched off by 0. */
const markWords: Readonly<Record<string, readonly [at: string, off: string]>> = {
  lowStockWarning: ['warned of at', 'not warned of'],
  stockPageAlert: ['alert here at', 'no alert here'],
  stockDailyReport: ['daily mail at', 'not in the daily mail'],
  stockAutoDisable: ['the sale stops at', 'the sale does not stop by itself'],
  stockReEnable: ['and starts again above', 'and starts again above 0'],
};

/** Nothing of the mark to sell again where nothing is stopped, nor ever will be. */
function sayMark(input: {
  mark: string;
  value: number;
  marks: Readonly<Record<string, number>>;
  isStopped: boolean;
}): string[] {
  const { mark, value, marks, isStopped } = input;
  if (mark === 'stockReEnable' && marks.stockAutoDisable === 0 && !isStopped) return [];
  const [at, off] = markWords[mark] ?? [mark, `${mark} 0`];
  return [value === 0 ? off : `${at} ${value}`];
}

const [width, height] = [300, 60];

/** The known counts of the last days as one line; a gap is drawn over. */
function graph({ history, packageName }: StockCard): Html {
  const known = history.flatMap(({ at, available }) =>
    available === null ? [] : [{ atMs: Date.parse(at), available }],
  );
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined || known.length < 2) {
    return html`<p class="soft small">The graph begins with the second count.</p>`;
  }
  const highest = Math.max(1, ...known.map(({ available }) => available));
  const lowest = Math.min(...known.map(({ available }) => available));
  const spanMs = Math.max(1, last.atMs - first.atMs);
  const points = known.map(({ atMs, available }) => {
    const x = ((atMs - first.atMs) / spanMs) * width;
    return `${x.toFixed(1)},${(height - 2 - (available / highest) * (height - 4)).toFixed(1)}`;
  });
  const label = `Addresses of ${packageName} over the last days: from ${first.available} to ${last.available}, lowest ${lowest}, highest ${highest}.`;
  return html`<svg class="graph" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${label}"><polyline points="${points.join(' ')}"/></svg>
<p class="soft small">Last days: lowest ${lowest}, highest ${highest}.</p>`;
}
