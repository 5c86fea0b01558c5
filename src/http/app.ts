import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { findAccessProblem } from './access.ts';
import { logRequest } from './access-log.ts';
import type { HttpDeps } from './ports.ts';
import { problem, problemOf } from './problem.ts';
import { readBody } from './read-body.ts';
import type { Reply, Route } from './route.ts';
import { routes } from './routes.ts';

/** Nothing here is a page, a script's source or fit for a cache. */
const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The HTTP edge of the service: every route of the table, everything else it needs handed in. */
export function createHttpApp(deps: HttpDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(logRequest(deps.logger));
  app.use((_request, response, next) => {
    response.set(headers);
    next();
  });
  for (const route of routes) mount({ app, route, deps });
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

function mount({ app, route, deps }: { app: Express; route: Route; deps: HttpDeps }): void {
  const guard: RequestHandler = (request, response, next) => {
    const { authorization } = request.headers;
    const refusal = findAccessProblem({ access: route.access, authorization, tokens: deps.tokens });
    if (refusal === null) next();
    else send(response, refusal);
  };
  const handle: RequestHandler = async (request, response) => {
    const { headers, body } = request;
    const rawBody = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const asked = { params: textsOf(request.params), headers, body, rawBody, query: textsOf(request.query) };
    send(response, await route.handle(asked, deps));
  };
  const method = route.method === 'GET' ? 'get' : 'post';
  app[method](route.path, guard, ...readBody({ kind: route.body, refuse: send }), handle);
}

function textsOf(values: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function refuseMethod(path: string): RequestHandler {
  const methods = routes.filter((route) => route.path === path).map((route) => route.method);
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return (_request, response) => {
    send(response, problem({ type: 'method-not-allowed', detail: `Use ${allow} here.`, headers: { allow } }));
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
  response
    .status(reply.status)
    .set(reply.headers ?? {})
    .set('content-type', errorId === undefined ? 'application/json' : 'application/problem+json')
    .send(Buffer.from(JSON.stringify(reply.body)));
}
