import { html } from 'hono/html';
import type { HttpDeps } from '../ports.ts';
import type { Notice, Reply, RouteRequest } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { backTo, document, token } from './layout.ts';
import { formOf, longestReason, visitorOf } from './read-form.ts';
import { home, pageAfterLogin, pageOfForm } from './way-in.ts';

/** `GET /admin/login`. */
export async function showLogin(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const to = pageAfterLogin(request.query.to);
  if (visitor.admin !== null) return backTo(to);
  return loginPage(request, { hasAdmins: await ports.hasAdmins(), problem: null, name: '', goOn: { to } });
}

const lateProblem = 'Nothing was done: your session has ended. Sign in, and you come back to the page.';

/** Instead of the act of a form that was sent when the session of its page had ended. */
export async function askInAgain(request: RouteRequest, path: string): Promise<Reply> {
  if (path === '/admin/logout') return backTo('/admin/login');
  // A page of another site can send a form here too: what it wrote is not repeated as if somebody of ours had.
  const isOurs = request.headers['sec-fetch-site'] === 'same-origin';
  const { reason = '' } = isOurs ? formOf(request) : {};
  const goOn = { to: pageOfForm(path), late: 'true', ...(reason === '' ? {} : { reason }) };
  return loginPage(request, { hasAdmins: true, problem: lateProblem, name: '', goOn, status: 401 });
}

/** What comes after the login: a page, and what is to be said there of a form that came too late. */
type GoOn = { to: string; late?: string; reason?: string };

function goOnOf(request: RouteRequest): GoOn {
  const { to, late, reason } = formOf(request);
  const isLate = late === 'true';
  return {
    to: pageAfterLogin(to),
    ...(isLate ? { late } : {}),
    ...(isLate && reason ? { reason: reason.slice(0, longestReason) } : {}),
  };
}

function lateNotice({ reason }: GoOn): Notice {
  const wrote = reason === undefined ? [] : [`The reason that you wrote: ${reason}`];
  return { tone: 'bad', lines: ['Nothing was done: your session had ended. Send it again.', ...wrote] };
}

/** `POST /admin/login`. */
export async function logIn(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const { name = '', password = '' } = formOf(request);
  const goOn = goOnOf(request);
  const outcome = await ports.logIn({ name, password, address: visitor.address });
  if (outcome.kind === 'welcome') {
    await visitor.signIn(outcome);
    if (goOn.late) visitor.tell(lateNotice(goOn));
    return backTo(goOn.to);
  }
  const hasAdmins = await ports.hasAdmins();
  if (outcome.kind === 'wrong') {
    const problem = 'Name or password is wrong. Try again.';
    return loginPage(request, { hasAdmins, problem, name, goOn, status: 401 });
  }
  const minutes = Math.ceil(outcome.waitSeconds / 60);
  const problem = `Too many tries. Wait ${minutes} minute${minutes === 1 ? '' : 's'}, then try again.`;
  const reply = await loginPage(request, { hasAdmins, problem, name, goOn, status: 429 });
  return { ...reply, headers: { 'retry-after': String(outcome.waitSeconds) } };
}

/** `POST /admin/logout`. */
export async function logOut(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const { admin } = visitor;
  await visitor.signOut();
  if (admin !== null) await ports.noteSignOut({ name: admin });
  return backTo('/admin/login');
}

/** `GET /admin`. */
export async function goHome(): Promise<Reply> {
  return backTo(home);
}

interface LoginState {
  hasAdmins: boolean;
  problem: string | null;
  name: string;
  goOn: GoOn;
  status?: number;
}

function loginPage(request: RouteRequest, state: LoginState): Promise<Reply> {
  const { hasAdmins, problem, name, goOn, status = 200 } = state;
  const visitor = visitorOf(request);
  const hidden = Object.entries(goOn).filter(([, value]) => value !== home);
  const body = html`<main id="main" class="login"><div class="card">
<h1>⚓ Harbourmaster</h1>
${problem === null ? nothing : html`<div class="notice bad" role="alert"><p>${problem}</p></div>`}
${hasAdmins ? nothing : firstAdmin}${visitor.isCutOff ? cutOff : nothing}
<form method="post" action="/admin/login" class="stack">${token(visitor)}${hidden.map(([field, value]) => html`<input type="hidden" name="${field}" value="${value}">`)}
<label for="name">Name<input id="name" name="name" value="${name}" autocomplete="username" required maxlength="100"></label>
<label for="password">Password<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="500"></label>
<div><button>Sign in</button></div>
</form></div></main>`;
  return document({ title: 'Sign in', body, status });
}

const cutOff: Html = html`<div class="notice bad" role="alert"><p>Nobody can sign in here: this page was not reached by https. Open it at the shop's https address (PUBLIC_URL). Whoever runs the proxy in front: it has to send the header X-Forwarded-Proto.</p></div>`;

const firstAdmin: Html = html`<div class="notice warn"><p>There is no admin yet. Whoever runs the shop adds one with</p>
<p class="mono">npm run ops -- admin add NAME</p></div>`;
