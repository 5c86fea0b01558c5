import { html } from 'hono/html';
import { formatMoney } from '../../domain/money.ts';
import type { HttpDeps } from '../ports.ts';
import type { Reply, RouteRequest, Visitor } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { backTo, moment, page, reasonField, token } from './layout.ts';
import { formOf, noReason, noticeOf, readSaid, visitorOf } from './read-form.ts';
import { type ServerCard, type ServerState, type ServersSeen, serverStates } from './site-ports.ts';

const path = '/admin/servers';

/** `GET /admin/servers`. */
export async function showServers(request: RouteRequest, { ports, shopTimeZone }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const state = serverStates.find((known) => known === request.query.state) ?? null;
  const seen = await ports.listServers({ state });
  const content = html`<h1>Servers</h1>
<p class="soft">Every server ever paid for, with its money. A stranded one is paid for and belongs to no order: give it to one.</p>
<ul class="counts" aria-label="Servers by state"><li><a href="${path}">All</a></li>${seen.totals.map(totalOf)}<li><a href="${path}?state=foreign">foreign</a></li></ul>
${tableOf(seen, { visitor, state, zone: shopTimeZone })}`;
  return page({ title: 'Servers', section: path, visitor, content });
}

/** `POST /admin/servers`: gives a stranded server to an order, or strands one. */
export async function placeFromPage(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const said = readSaid(request);
  const { ip = '', act, orderId = '', supplier } = formOf(request);
  const maker = supplier === 'hostycare' ? 'hostycare' : 'smartvps';
  if (said === null) visitor.tell(noReason);
  else if (act === 'assign') visitor.tell(noticeOf(await ports.assignServer({ ...said, ip, orderId })));
  else visitor.tell(noticeOf(await ports.strandServer({ ...said, ip, supplier: maker })));
  return backTo(path);
}

const words: Record<ServerState, string> = {
  bought: 'bought for an order',
  held: 'held for a decision',
  changing: 'being changed',
  delivered: 'delivered',
  stranded: 'stranded',
  retired: 'retired',
  foreign: 'foreign',
};

function totalOf({ state, count, costs }: ServersSeen['totals'][number]): Html {
  const money = costs.map((cost) => formatMoney(cost)).join(' + ');
  return html`<li><a href="${path}?state=${state}"><b>${count}</b> ${words[state]}${money === '' ? nothing : html` <span class="soft small">${money}</span>`}</a></li>`;
}

/** How many are shown, and of how many: a list that is cut off says so. */
function captionOf({ servers, totals }: ServersSeen, state: ServerState | null): string {
  const counted = totals.filter((total) => state === null || total.state === state);
  const count = counted.reduce((sum, total) => sum + total.count, 0);
  const head = state === null ? 'By address' : words[state];
  if (count <= servers.length) return `${head}: ${servers.length}.`;
  return `${head}: ${servers.length} of ${count}, those that are paid for longest.`;
}

function tableOf(
  { servers, totals }: ServersSeen,
  input: { visitor: Visitor; state: ServerState | null; zone: string },
): Html {
  if (servers.length === 0) return html`<p class="card">No server fits.</p>`;
  return html`<div class="card"><table class="list"><caption class="soft small">${captionOf({ servers, totals }, input.state)}</caption>
<thead><tr><th scope="col">Address</th><th scope="col">State</th><th scope="col">Order</th><th scope="col">Since</th><th scope="col">Paid until</th><th scope="col" class="number">Money</th><th scope="col">Do</th></tr></thead>
<tbody>${servers.map((server, index) => rowOf(server, { ...input, index }))}</tbody></table></div>`;
}

const tones: Partial<Record<ServerState, string>> = {
  delivered: 'good',
  stranded: 'bad',
  held: 'warn',
  changing: 'warn',
};

function rowOf(server: ServerCard, input: { visitor: Visitor; zone: string; index: number }): Html {
  const { ip, state, orderId, since, expiresAt, cost, cause } = server;
  const order = orderId === null ? html`<span class="soft">–</span>` : orderLink(orderId);
  return html`<tr><td class="mono">${ip}</td>
<td><span class="badge ${tones[state] ?? ''}">${words[state]}</span>${cause === '' ? nothing : html`<br><span class="small">${cause}</span>`}</td>
<td>${order}</td><td>${moment(since, input.zone)}</td><td>${moment(expiresAt, input.zone)}</td>
<td class="number">${cost === null ? html`<span class="soft">–</span>` : formatMoney(cost)}</td><td>${formOfServer(server, input)}</td></tr>`;
}

function orderLink(orderId: string): Html {
  return html`<a class="mono" href="/admin/orders/${orderId}">${orderId}</a>`;
}

function formOfServer(
  { ip, state, supplier }: ServerCard,
  { visitor, index }: { visitor: Visitor; index: number },
): Html {
  const hidden = (act: string) =>
    html`${token(visitor)}<input type="hidden" name="ip" value="${ip}"><input type="hidden" name="supplier" value="${supplier}"><input type="hidden" name="act" value="${act}">`;
  if (state === 'stranded') {
    return html`<details><summary>Assign<span class="soft"> to an order</span></summary><form method="post" action="${path}" class="stack">${hidden('assign')}
<label for="order-${index}">Order<input id="order-${index}" name="orderId" required></label>${reasonField(`reason-${index}`)}<div><button>Assign</button></div></form></details>`;
  }
  if (state !== 'held' && state !== 'bought') return nothing;
  return html`<details><summary>Strand<span class="soft"> it</span></summary><p class="soft small">Stops and wipes it. Refused while an order needs it.</p><form method="post" action="${path}" class="stack">${hidden('strand')}${reasonField(`reason-${index}`)}<div><button class="danger">Strand</button></div></form></details>`;
}
