import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import type { Request, RequestHandler, Response } from 'express';
import session, { type SessionData, type Store } from 'express-session';
import type { Notice, Visitor } from './route.ts';

/** How sessions of the admin site are kept. */
export interface SessionSettings {
  store: Store;
  /** Signs the cookies. */
  secret: string;
  /** True where the site is reached by https, through a proxy: cookies are then sent by https alone. */
  isSecure: boolean;
  /** A session ends so long after its last request, and at the latest so long after its login. */
  idleMs: number;
  absoluteMs: number;
  /** Which password an admin has now; null where there is no such admin any more. */
  findGeneration(name: string): Promise<string | null>;
}

declare module 'express-session' {
  interface SessionData {
    admin: string;
    generation: string;
    signedInAtMs: number;
    notice: Notice;
  }
}

export interface Sessions {
  /** To be run before `visitorOf`. */
  middleware: RequestHandler[];
  visitorOf(request: Request, response: Response): Visitor;
  /** True where a request that writes carries the token of its own session. */
  isFromOurPages(request: Request): boolean;
}

/** Sessions by express-session, and tokens against requests from other sites by the signed double-submit cookie. */
export function createSessions(settings: SessionSettings): Sessions {
  const { store, secret, isSecure, idleMs } = settings;
  const { generateCsrfToken, validateRequest } = doubleCsrf({
    getSecret: () => secret,
    // Until somebody signs in no session is stored, and its id would change with every request.
    getSessionIdentifier: (request) => (request.session.admin ? request.sessionID : 'nobody'),
    cookieName: 'harbourmaster.csrf',
    // Lax, as the session: a page reached by a link in a mail belongs to the same visit as the others that are open.
    cookieOptions: { sameSite: 'lax', path: '/', secure: isSecure, httpOnly: true },
    getCsrfTokenFromRequest: (request) => request.body?.csrfToken ?? request.headers['x-csrf-token'],
  });
  const keepSession = session({
    name: 'harbourmaster.session',
    store,
    secret,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    unset: 'destroy',
    proxy: isSecure,
    cookie: { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/', maxAge: idleMs },
  });
  const endOldSession: RequestHandler = async (request, _response, next) => {
    if (request.session.admin && !(await isAlive(request.session, settings)))
      request.session.regenerate(next);
    else next();
  };
  return {
    middleware: [cookieParser(), keepSession, endOldSession],
    visitorOf: (request, response) => ({
      ...visitorOf(request, response, generateCsrfToken),
      isCutOff: isSecure && !request.secure,
    }),
    isFromOurPages: validateRequest,
  };
}

/**
 * False for a session that is too old, or whose admin is gone or has another password since. Its deletion is not
 * enough: a request that was under way then stores it anew.
 */
async function isAlive(
  { admin = '', generation, signedInAtMs = 0 }: Partial<SessionData>,
  { absoluteMs, findGeneration }: SessionSettings,
): Promise<boolean> {
  if (Date.now() - signedInAtMs > absoluteMs) return false;
  const current = await findGeneration(admin);
  return current !== null && current === generation;
}

type MakeToken = (request: Request, response: Response) => string;

function visitorOf(request: Request, response: Response, makeToken: MakeToken): Omit<Visitor, 'isCutOff'> {
  let isChanged = false;
  // Each call for a new session draws another token and another cookie, of which a browser keeps the last alone.
  let token: string | null = null;
  return {
    admin: request.session.admin ?? null,
    address: request.ip ?? '',
    csrfToken: () => {
      token ??= makeToken(request, response);
      return token;
    },
    signIn: async ({ name, generation }) => {
      token = null;
      // A new id: one that was known before the login must not be signed in by it.
      await done((next) => request.session.regenerate(next));
      Object.assign(request.session, { admin: name, generation, signedInAtMs: Date.now() });
      await done((next) => request.session.save(next));
    },
    signOut: () => done((next) => request.session.destroy(next)),
    tell: (notice) => {
      isChanged = true;
      request.session.notice = notice;
    },
    takeNotice: () => {
      const { notice = null } = request.session;
      if (notice === null) return null;
      isChanged = true;
      delete request.session.notice;
      return notice;
    },
    keep: async () => {
      // By itself the session is stored only while the answer is under way, and a redirection overtakes it.
      if (isChanged) await done((next) => request.session.save(next));
    },
  };
}

function done(act: (next: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve())));
}
