import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { MemoryStore } from 'express-session';
import { createHttpApp } from '../../src/http/app.ts';
import type { HttpPorts } from '../../src/http/ports.ts';
import type { SessionSettings } from '../../src/http/visitor.ts';
import { assertDescribed } from './assert-described.ts';

export const storefrontToken = 'storefront-token-of-at-least-32-characters';
export const adminToken = 'admin-token-of-at-least-thirty-two-characters';

export interface LoggedLine {
  level: 'info' | 'warn' | 'error';
  members: Record<string, unknown>;
  sentence: string;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
}

export interface Call {
  method?: string;
  path: string;
  token?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: object | string | Buffer;
}

const unexpected = (name: string) => async () => {
  throw new Error(`${name} was called`);
};

const noPorts: HttpPorts = {
  hasAdmins: unexpected('hasAdmins'),
  logIn: unexpected('logIn'),
  noteSignOut: unexpected('noteSignOut'),
  searchOrders: unexpected('searchOrders'),
  searchByEmail: unexpected('searchByEmail'),
  countOpen: unexpected('countOpen'),
  reportOrder: unexpected('reportOrder'),
  showCustomer: unexpected('showCustomer'),
  revealLogin: unexpected('revealLogin'),
  assignServer: unexpected('assignServer'),
  strandServer: unexpected('strandServer'),
  listStock: unexpected('listStock'),
  setSale: unexpected('setSale'),
  listLocks: unexpected('listLocks'),
  steerLock: unexpected('steerLock'),
  listServers: unexpected('listServers'),
  measure: unexpected('measure'),
  listProducts: unexpected('listProducts'),
  placeOrder: unexpected('placeOrder'),
  findOrder: unexpected('findOrder'),
  verifyCashfreeWebhook: () => {
    throw new Error('verifyCashfreeWebhook was called');
  },
  verifyRazorpayWebhook: () => {
    throw new Error('verifyRazorpayWebhook was called');
  },
  findGatewayOrder: unexpected('findGatewayOrder'),
  noteRefund: unexpected('noteRefund'),
  acceptPayment: unexpected('acceptPayment'),
  retryOrder: unexpected('retryOrder'),
  cancelOrder: unexpected('cancelOrder'),
  compensateOrder: unexpected('compensateOrder'),
  isValidLink: () => false,
  orderLink: ({ orderId }) => `/orders/${orderId}?until=99&key=new`,
  offerMonth: unexpected('offerMonth'),
  checkOutMonth: unexpected('checkOutMonth'),
  payForm: () => {
    throw new Error('payForm was called');
  },
  resolveCase: unexpected('resolveCase'),
  syncStock: unexpected('syncStock'),
  readiness: unexpected('readiness'),
};

/** The real app on a free port; a port that the test does not give must not be called. */
export async function serveApp(
  context: TestContext,
  ports: Partial<HttpPorts> = {},
  sessions: Partial<SessionSettings> = {},
  shopTimeZone = 'UTC',
) {
  const lines: LoggedLine[] = [];
  const log = (level: LoggedLine['level']) => (members: object, sentence: string) => {
    lines.push({ level, members: { ...members }, sentence });
  };
  const app = createHttpApp({
    ports: { ...noPorts, ...ports },
    tokens: { storefront: storefrontToken, admin: adminToken },
    shopTimeZone,
    sessions: {
      store: new MemoryStore(),
      secret: 'session-secret-of-at-least-32-characters',
      isSecure: false,
      idleMs: 60_000,
      absoluteMs: 600_000,
      findGeneration: async () => 'first',
      ...sessions,
    },
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { lines, url: `http://127.0.0.1:${port}`, call: (call: Call) => send(port, call) };
}

function send(port: number, { method = 'GET', path, token, headers = {}, body }: Call): Promise<Answer> {
  const bytes = body instanceof Buffer || typeof body === 'string' ? body : body && JSON.stringify(body);
  const isObject = typeof body === 'object' && !(body instanceof Buffer);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method,
      path,
      agent: false,
      headers: {
        ...(isObject ? { 'content-type': 'application/json' } : {}),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) }),
        ...headers,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, headers: answered } = response;
        const contentType = String(answered['content-type']);
        const isJson = /json/.test(contentType) && text !== '';
        try {
          assertDescribed({ method, path, status, contentType, text });
        } catch (error) {
          reject(error);
        }
        resolve({ status, headers: answered, text, json: isJson ? JSON.parse(text) : {} });
      });
    });
    request.end(bytes);
  });
}
