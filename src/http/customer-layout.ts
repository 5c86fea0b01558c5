import { html } from 'hono/html';
import type { JsonReply, Reply } from './route.ts';
import type { Html } from './site/html.ts';
import { document } from './site/layout.ts';

/** A page for customers: one card, no navigation, no session, no script. */
export function customerDocument(input: { title: string; content: Html; status?: number }): Promise<Reply> {
  const { title, content, status = 200 } = input;
  const body = html`<main id="main" class="login"><div class="card"><h1>${title}</h1>${content}</div></main>`;
  return document({ title, body, status });
}

/**
 * Where something of ours does not work: what a customer can do, and the id that is in the log. Some come here right
 * from paying, others before it.
 */
export async function customerProblemPage({ status, body, headers = {} }: JsonReply): Promise<Reply> {
  const errorId = 'errorId' in body ? String(body.errorId) : '';
  const content = html`<p role="alert">This page does not work at the moment. Please try again in a few minutes.</p>
<p>Opening it charges nothing. If you have paid already, your payment is not lost: you need not pay again.</p>
<p class="soft small">If it stays so, write to us and name the error ${errorId}.</p>`;
  const page = await customerDocument({ title: 'Please try again', content, status });
  return { ...page, headers: { ...headers } };
}

/** True for who asks for JSON: the storefront, or a script. */
export function wantsJson(accept: string | undefined): boolean {
  return (accept ?? '').includes('application/json');
}
