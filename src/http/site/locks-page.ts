import { html } from 'hono/html';
import { describeDuration } from '../../domain/duration.ts';
import type { HttpDeps } from '../ports.ts';
import type { Reply, RouteRequest, Visitor } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { backTo, moment, page, reasonField, token } from './layout.ts';
import { formOf, noReason, noticeOf, readSaid, visitorOf } from './read-form.ts';
import type { LockCard } from './site-ports.ts';

const path = '/admin/locks';
const acts = ['pauseLock', 'resumeLock', 'forceRelease'] as const;

/** `GET /admin/locks`. */
export async function showLocks(request: RouteRequest, { ports, shopTimeZone }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const locks = await ports.listLocks();
  const content = html`<h1>Locks</h1>
<p class="soft">Who may buy from a package now. One order at a time; the others wait in the order in which they asked.</p>
${locks.length === 0 ? html`<p class="card">There is no package.</p>` : nothing}
<div class="grid cards">${locks.map((lock, index) => lockCard(lock, { index, visitor, zone: shopTimeZone }))}</div>`;
  return page({ title: 'Locks', section: path, visitor, content });
}

/** `POST /admin/locks`. */
export async function steerFromPage(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const said = readSaid(request);
  const { lockId = '', act: given, requestId = '' } = formOf(request);
  const act = acts.find((known) => known === given);
  if (said === null || act === undefined) visitor.tell(noReason);
  else {
    const outcome = await ports.steerLock({ ...said, lockId, act, requestId: requestId || null });
    visitor.tell(noticeOf(outcome));
  }
  return backTo(path);
}

interface CardInput {
  index: number;
  visitor: Visitor;
  zone: string;
}

function lockCard(lock: LockCard, input: CardInput): Html {
  const { packageName, supplier, view, state } = lock;
  const { index, visitor, zone } = input;
  const act = (name: (typeof acts)[number], label: string, requestId = '') =>
    actForm({ lock, act: name, label, requestId, key: `${index}-${name}-${requestId}` }, visitor);
  const isPaused = view?.pause != null;
  return html`<section class="card" aria-labelledby="lock-${index}"><h2 id="lock-${index}">${packageName} <span class="soft small">${supplier}</span></h2>
${stateOf(lock, zone)}
${view === null ? nothing : waitersOf(view, act)}
${view?.lastAct ? html`<p class="soft small">Last act: ${view.lastAct.act} by ${view.lastAct.by} on ${moment(view.lastAct.at, zone)}: ${view.lastAct.reason}</p>` : nothing}
${state === 'silent' ? nothing : isPaused ? act('resumeLock', 'Resume') : act('pauseLock', 'Pause')}</section>`;
}

function stateOf({ state, view }: LockCard, zone: string): Html {
  if (state === 'idle') return html`<p><span class="badge good">idle</span> Nobody buys, nobody waits.</p>`;
  if (view === null) return html`<p><span class="badge bad">no answer</span> No worker answers for it.</p>`;
  const { pause, holder } = view;
  const paused =
    pause === null
      ? nothing
      : html`<p><span class="badge bad">paused</span> by ${pause.by}: ${pause.reason} ${pause.until === null ? 'Until it is resumed.' : html`Until ${moment(pause.until, zone)}.`}</p>`;
  return html`${paused}${
    holder === null
      ? html`<p><span class="badge good">free</span></p>`
      : html`<p><span class="badge">held</span> by ${request(holder.requestId)} for ${describeDuration(holder.ageSeconds * 1000)}</p>`
  }`;
}

type ActForm = (name: (typeof acts)[number], label: string, requestId?: string) => Html;

function waitersOf({ holder, waiters }: NonNullable<LockCard['view']>, act: ActForm): Html {
  const release = [...(holder === null ? [] : [holder]), ...waiters];
  const list =
    waiters.length === 0
      ? html`<p class="soft">Nobody waits.</p>`
      : html`<p>${waiters.length} waiting:</p><ol>${waiters.map(({ requestId, ageSeconds }) => html`<li>${request(requestId)} for ${describeDuration(ageSeconds * 1000)}</li>`)}</ol>`;
  return html`${list}${release.map(({ requestId }) => act('forceRelease', `Release ${requestId}`, requestId))}`;
}

/** `<orderId>#<n>`: a purchase, and the order it is for. */
function request(requestId: string): Html {
  const [orderId = ''] = requestId.split('#');
  return html`<a class="mono" href="/admin/orders/${orderId}">${requestId}</a>`;
}

const hints: Record<(typeof acts)[number], string> = {
  pauseLock: 'A purchase that runs is finished; everybody else waits.',
  resumeLock: 'Buying goes on.',
  forceRelease:
    'Rarely right. It is safe: the ledger keeps the next order waiting until what was sent is settled.',
};

function actForm(
  input: { lock: LockCard; act: (typeof acts)[number]; label: string; requestId: string; key: string },
  visitor: Visitor,
): Html {
  const { lock, act, label, requestId, key } = input;
  return html`<details><summary>${label}</summary><p class="soft small">${hints[act]}</p><form method="post" action="${path}" class="row">${token(visitor)}
<input type="hidden" name="lockId" value="${lock.lockId}"><input type="hidden" name="act" value="${act}"><input type="hidden" name="requestId" value="${requestId}">
${reasonField(`lock-reason-${key}`)}<button class="${act === 'resumeLock' ? '' : 'danger'}">${label}</button></form></details>`;
}
