import type { IncomingHttpHeaders } from 'node:http';
import type { HttpDeps } from './ports.ts';

/**
 * Who may call a route. `gatewaySignature`: the handler itself checks the signature, on the raw body. `admin`: the admin
 * token, or a session. `page`: a session alone; whoever has none is shown the way in. `visitor`: a page for everybody.
 * `storefrontOrLink`: the storefront's token, or a customer's signed link to that order.
 */
export type Access =
  | 'public'
  | 'storefront'
  | 'storefrontOrLink'
  | 'admin'
  | 'gatewaySignature'
  | 'page'
  | 'visitor';

/** What a route reads: JSON, JSON that may be absent, the bytes as they came, a page's form, or nothing. */
export type BodyKind = 'none' | 'json' | 'optionalJson' | 'raw' | 'form';

/** What the page that comes next says about an act. */
export interface Notice {
  tone: 'good' | 'bad';
  lines: string[];
}

/** Who looks at a page, by the session of their browser. */
export interface Visitor {
  /** The admin's name; null where nobody is signed in. */
  admin: string | null;
  address: string;
  /** True where the site is served by https and this request did not come so: no session can begin. */
  isCutOff: boolean;
  /** What each form sends back, as its field `csrfToken`. */
  csrfToken(): string;
  signIn(admin: { name: string; generation: string }): Promise<void>;
  signOut(): Promise<void>;
  /** Keeps a notice for the next page. */
  tell(notice: Notice): void;
  takeNotice(): Notice | null;
  /** Stores what was told or taken; to be awaited before the answer is sent, or the next request may miss it. */
  keep(): Promise<void>;
}

export interface RouteRequest {
  params: Readonly<Record<string, string>>;
  headers: IncomingHttpHeaders;
  /** Parsed JSON, or undefined. */
  body: unknown;
  /** The bytes as they came, on a `raw` route. */
  rawBody: Buffer;
  /** Texts of the query that were given once. */
  query: Readonly<Record<string, string>>;
  /** On `page` and `visitor` routes; null elsewhere. */
  visitor: Visitor | null;
}

export type Reply = JsonReply | TextReply;

export interface JsonReply {
  status: number;
  body: object;
  headers?: Readonly<Record<string, string>>;
}

/** A page, a stylesheet, or figures; an empty text with a `location` is a redirection. */
interface TextReply {
  status: number;
  contentType: string;
  text: string;
  headers?: Readonly<Record<string, string>>;
}

export interface Route {
  method: 'GET' | 'POST';
  path: string;
  access: Access;
  body: BodyKind;
  /** A page for customers: a problem is told as a page too, except to who asks for JSON. */
  isForCustomers?: true;
  handle(request: RouteRequest, deps: HttpDeps): Promise<Reply>;
}
