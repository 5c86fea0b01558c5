import type { IncomingHttpHeaders } from 'node:http';
import type { HttpDeps } from './ports.ts';

/** Who may call a route. `gatewaySignature`: the handler itself checks the signature, on the raw body. */
export type Access = 'public' | 'storefront' | 'admin' | 'gatewaySignature';

/** What a route reads: JSON, JSON that may be absent, the bytes as they came, or nothing. */
export type BodyKind = 'none' | 'json' | 'optionalJson' | 'raw';

export interface RouteRequest {
  params: Readonly<Record<string, string>>;
  headers: IncomingHttpHeaders;
  /** Parsed JSON, or undefined. */
  body: unknown;
  /** The bytes as they came, on a `raw` route. */
  rawBody: Buffer;
  /** Texts of the query that were given once. */
  query: Readonly<Record<string, string>>;
}

export type Reply = JsonReply | TextReply;

export interface JsonReply {
  status: number;
  body: object;
  headers?: Readonly<Record<string, string>>;
}

/** A page. */
export interface TextReply {
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
  handle(request: RouteRequest, deps: HttpDeps): Promise<Reply>;
}
