import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { HttpPorts } from '../../src/http/ports.ts';
import { serveApp } from './serve-app.ts';

export const welcoming: Partial<HttpPorts> = {
  hasAdmins: async () => true,
  logIn: async () => ({ kind: 'welcome', name: 'Asha', generation: 'first' }),
  listServers: async () => ({ servers: [], totals: [] }),
  listLocks: async () => [],
  reportOrder: async () => null,
};

interface Jar {
  cookie: string;
  csrfToken: string;
}

/** Reads a page's cookies and its token, as a browser would. */
export async function visit(
  url: string,
  path: string,
  cookie = '',
): Promise<Jar & { status: number; text: string }> {
  const response = await fetch(`${url}${path}`, { headers: { cookie }, redirect: 'manual' });
  const text = await response.text();
  const csrfToken = /name="csrfToken" value="([^"]+)"/.exec(text)?.[1] ?? '';
  return { status: response.status, text, csrfToken, cookie: joinCookies(cookie, response) };
}

export function joinCookies(cookie: string, response: Response): string {
  const kept = new Map(
    [...cookie.split('; '), ...response.headers.getSetCookie().map((one) => one.split(';')[0] ?? '')]
      .filter((one) => one !== '')
      .map((one) => [one.split('=')[0] ?? '', one] as const),
  );
  return [...kept.values()].join('; ');
}

export async function send(url: string, path: string, jar: Jar, fields: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: jar.cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ csrfToken: jar.csrfToken, ...fields }),
  });
  return {
    status: response.status,
    location: response.headers.get('location'),
    cookie: joinCookies(jar.cookie, response),
  };
}

export async function signIn(context: TestContext, ports: Partial<HttpPorts> = {}, sessions = {}) {
  const { url } = await serveApp(context, { ...welcoming, ...ports }, sessions);
  const login = await visit(url, '/admin/login');
  const { status, cookie } = await send(url, '/admin/login', login, { name: 'asha', password: 'right' });
  assert.equal(status, 303);
  return { url, cookie, before: login };
}
