import { html } from 'hono/html';
import type { JsonReply, Reply } from '../route.ts';

const known = ['title', 'detail', 'errorId'] as const;

/** A problem for people: the same words as problem+json has, and the id that is in the log. */
export function problemPage({ status, body, headers = {} }: JsonReply): Extract<Reply, { text: string }> {
  const members = body as Partial<Record<(typeof known)[number], unknown>>;
  const [title, detail, errorId] = known.map((name) => String(members[name] ?? ''));
  const text = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Harbourmaster</title><link rel="stylesheet" href="/admin/site.css"></head>
<body><header class="top"><div class="top-inner"><span class="brand">⚓ Harbourmaster</span></div></header>
<main id="main"><section class="card"><h1>${title}</h1><p>${detail}</p>
<p><a class="button quiet" href="/admin/manageOrders">Back to the orders</a></p>
<p class="soft small">Error <span class="mono">${errorId}</span>: the log has more under this number.</p></section></main></body></html>
`;
  return { status, contentType: 'text/html; charset=utf-8', text: String(text), headers };
}
