import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createSmartVpsClient } from '../../../src/suppliers/smartvps/smartvps-client.ts';

/** A login that no test may find in anything that is shown. */
export const login = { username: 'reseller@shop', password: 'p@ss/"wörd"\\9x' };
export const basicValue = Buffer.from(`${login.username}:${login.password}`).toString('base64');

interface SeenRequest {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

type Answer = (response: ServerResponse, request: SeenRequest) => unknown;

/** An HTTP server that answers every call by `answer` and remembers what it saw. */
export async function startScriptedSupplier(t: TestContext, answer: Answer) {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { method: request.method, url: request.url, headers: request.headers, body };
      seen.push(one);
      answer(response, one);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/smartvps`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl, seen, countConnections: () => connections };
}

export function sendText(text: string, httpStatus = 200): Answer {
  return (response) => response.writeHead(httpStatus, { 'content-type': 'text/html' }).end(text);
}

/** A client of `baseUrl`, closed when the test ends. */
export function createClient(
  t: TestContext,
  input: { baseUrl: string } & Partial<Parameters<typeof createSmartVpsClient>[0]>,
) {
  const client = createSmartVpsClient({
    apiPrefix: 'api/oceansmart',
    ...login,
    longestPurchaseMs: 10_000,
    now: () => new Date('2026-11-21T10:00:00Z'),
    ...input,
  });
  t.after(() => client.close());
  return client;
}
