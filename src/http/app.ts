import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import { findAccessProblem, hasToken } from './access.ts';
import { logRequest } from './access-log.ts';
import { customerProblemPage, wantsJson } from './customer-layout.ts';
import { isLinked } from './customer-page.ts';
import type { HttpDeps } from './ports.ts';
import { problem, problemOf } from './problem.ts';
import { readBody } from './read-body.ts';
import type { Reply, Route } from './route.ts';
import { routes } from './routes.ts';
import { backTo } from './site/layout.ts';
import { askInAgain } from './site/login-page.ts';
import { problemPage } from './site/problem-page.ts';
import { pageOfForm } from './site/way-in.ts';
import { createSessions, type Sessions } from './visitor.ts';

/** Pages have a stylesheet and forms of their own, and nothing else: no script at all. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** The HTTP edge of the service: every route of the table, everything else it needs handed in. */
export function createHttpApp(deps: HttpDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Only a proxy can serve https in front of us; it says who called it.
  if (deps.sessions.isSecure) app.set('trust proxy', 1);
  app.use(logRequest(deps.logger));
  app.use(helmet({ contentSecurityPolicy, strictTransportSecurity: deps.sessions.isSecure }));
  app.use((_request, response, next) => {
    response.set('cache-control', 'no-store');
    next();
  });
  const sessions = createSessions(deps.sessions);
  for (const route of routes) mount({ app, route, deps, sessions });
  // Whatever is asked of the admin site is asked by a person.
  app.use('/admin', (_request, response, next) => {
    response.locals.isPage = true;
    next();
  });
  for (const path of new Set(routes.map((route) => route.path))) app.all(path, refuseMethod(path));
  app.use((_request, response) => {
    send(
      response,
      problem({ type: 'not-found', detail: 'There is nothing at this address. Check the path.' }),
    );
  });
  app.use(answerError(deps));
  return app;
}

interface Mounting {
  app: Express;
  route: Route;
  deps: HttpDeps;
  sessions: Sessions;
}

function mount({ app, route, deps, sessions }: Mounting): void {
  const isPage = route.access === 'page' || route.access === 'visitor';
  const hasSession = (request: Request) =>
    isPage || (route.access === 'admin' && !hasToken(request.headers.authorization));
  const openSession: RequestHandler[] = sessions.middleware.map((open) => (request, response, next) => {
    if (isPage) response.locals.isPage = true;
    if (hasSession(request)) open(request, response, next);
    else next();
  });
  const adminOf = (request: Request) => (hasSession(request) ? (request.session.admin ?? null) : null);
  // Somebody filled in a form and their session ended meanwhile: nothing is done, but what they wrote is not lost.
  const isLate = (request: Request) =>
    route.access === 'page' && route.method === 'POST' && adminOf(request) === null;
  const guard: RequestHandler = (request, response, next) => {
    const { authorization } = request.headers;
    const admin = adminOf(request);
    const isByLink = () => isLinked(linkOf(request), deps.ports, 'order');
    const { access } = route;
    const refusal = findAccessProblem({
      access,
      authorization,
      tokens: deps.tokens,
      admin,
      isLinked: isByLink,
      url: request.originalUrl,
    });
    if (refusal === null || isLate(request)) next();
    else send(response, refusal);
  };
  const refuseForged: RequestHandler = (request, response, next) => {
    const mayBeForged = route.method === 'POST' && hasSession(request) && !isLate(request);
    if (mayBeForged && !sessions.isFromOurPages(request)) send(response, problem(forged));
    else next();
  };
  const markCustomers: RequestHandler = (request, response, next) => {
    if (route.isForCustomers) response.locals.isForCustomers = !wantsJson(request.headers.accept);
    next();
  };
  const handle: RequestHandler = async (request, response) => {
    const admin = adminOf(request);
    const visitor = isPage ? sessions.visitorOf(request, response) : null;
    const { headers } = request;
    // Who is signed in acts under that name, whatever the body says.
    const body = !isPage && admin !== null ? { ...request.body, by: admin } : request.body;
    const rawBody = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const asked = { ...linkOf(request), headers, body, rawBody };
    const reply = isLate(request)
      ? await askInAgain({ ...asked, visitor }, request.path)
      : await route.handle({ ...asked, visitor }, deps);
    await visitor?.keep();
    send(response, reply);
  };
  const method = route.method === 'GET' ? 'get' : 'post';
  const readers = readBody({ kind: route.body, refuse: send });
  app[method](route.path, markCustomers, ...openSession, guard, ...readers, refuseForged, handle);
}

const forged = {
  type: 'forged-request',
  detail:
    'This form is too old, or does not come from this site. Go back, load the page anew and send it again.',
} as const;

function linkOf(request: Request) {
  return { params: textsOf(request.params), query: textsOf(request.query) };
}

function textsOf(values: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function refuseMethod(path: string): RequestHandler {
  const methods = routes.filter((route) => route.path === path).map((route) => route.method);
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return (request, response) => {
    // Where a form was answered in place its address stays in the browser, which then asks for it as a page.
    const isPage = path.startsWith('/admin/') && request.method === 'GET';
    if (isPage) send(response, backTo(pageOfForm(request.path)));
    else
      send(
        response,
        problem({ type: 'method-not-allowed', detail: `Use ${allow} here.`, headers: { allow } }),
      );
  };
}

/** The one place that answers errors; express knows it by its four parameters. */
function answerError({ logger }: HttpDeps): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const reply = problemOf(error);
    // An address that cannot be read is found at no route.
    if (/^\/admin\b/.test(request.path)) response.locals.isPage = true;
    send(response, reply);
    const members = {
      err: error,
      errorId: response.locals.errorId,
      method: request.method,
      path: request.path,
    };
    if (reply.status === 503) logger.warn(members, 'A part of the service could not be reached');
    else if (reply.status >= 500) logger.error(members, 'Failed to answer a request');
  };
}

function send(response: Response, reply: Reply): void {
  if ('text' in reply) {
    const { status, headers: own = {}, contentType, text } = reply;
    response.status(status).set(own).set('content-type', contentType).send(Buffer.from(text));
    return;
  }
  const errorId = 'errorId' in reply.body ? reply.body.errorId : undefined;
  response.locals.errorId = errorId;
  if (response.locals.isPage) {
    send(response, problemPage(reply));
    return;
  }
  if (response.locals.isForCustomers) {
    void customerProblemPage(reply).then((page) => send(response, page));
    return;
  }
  response
    .status(reply.status)
    .set(reply.headers ?? {})
    .set('content-type', errorId === undefined ? 'application/json' : 'application/problem+json')
    .send(Buffer.from(JSON.stringify(reply.body)));
}
