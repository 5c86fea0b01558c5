import { html } from 'hono/html';
import type { HttpDeps } from '../ports.ts';
import type { Reply, RouteRequest } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { backTo, document, token } from './layout.ts';
import { formOf, visitorOf } from './read-form.ts';

const home = '/admin/manageOrders';

/** `GET /admin/login`. */
export async function showLogin(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  if (visitor.admin !== null) return backTo(home);
  return loginPage(request, { hasAdmins: await ports.hasAdmins(), problem: null, name: '' });
}

/** `POST /admin/login`. */
export async function logIn(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const visitor = visitorOf(request);
  const { name = '', password = '' } = formOf(request);
  const outcome = await ports.logIn({ name, password, address: visitor.address });
  if (outcome.kind === 'welcome') {
    await visitor.signIn(outcome);
    return backTo(home);
  }
  const hasAdmins = await ports.hasAdmins();
  if (outcome.kind === 'wrong') {
    const problem = 'Name or password is wrong. Try again.';
    return loginPage(request, { hasAdmins, problem, name, status: 401 });
  }
  const minutes = Math.ceil(outcome.waitSeconds / 60);
  const problem = `Too many tries. Wait ${minutes} minute${minutes === 1 ? '' : 's'}, then try again.`;
  const reply = await loginPage(request, { hasAdmins, problem, name, status: 429 });
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
  status?: number;
}

function loginPage(request: RouteRequest, state: LoginState): Promise<Reply> {
  const { hasAdmins, problem, name, status = 200 } = state;
  const body = html`<main id="main" class="login"><div class="card">
<h1>⚓ Harbourmaster</h1>
${problem === null ? nothing : html`<div class="notice bad" role="alert"><p>${problem}</p></div>`}
${hasAdmins ? nothing : firstAdmin}
<form method="post" action="/admin/login" class="stack">${token(visitorOf(request))}
<label for="name">Name<input id="name" name="name" value="${name}" autocomplete="username" required maxlength="100"></label>
<label for="password">Password<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="500"></label>
<div><button>Sign in</button></div>
</form></div></main>`;
  return document({ title: 'Sign in', body, status });
}

const firstAdmin: Html = html`<div class="notice warn"><p>There is no admin yet. Whoever runs the shop adds one with</p>
<p class="mono">npm run ops -- admin add NAME</p></div>`;
