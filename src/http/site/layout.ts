import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import { formatMoment } from '../../domain/shop-time.ts';
import type { Notice, Reply, Visitor } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { stylesheet } from './stylesheet.ts';

const version = createHash('sha256').update(stylesheet).digest('hex').slice(0, 10);

const sections = [
  ['/admin/manageOrders', 'Orders'],
  ['/admin/ipStock', 'Stock'],
  ['/admin/locks', 'Locks'],
  ['/admin/servers', 'Servers'],
] as const;

/** Which of the pages is shown. */
export type Section = (typeof sections)[number][0];

/** A whole page for somebody who is signed in, with what the last act answered. */
export async function page(input: {
  title: string;
  section: Section | null;
  visitor: Visitor;
  content: Html;
  status?: number;
}): Promise<Reply> {
  const { title, section, visitor, content, status = 200 } = input;
  const notice = visitor.takeNotice();
  const body = html`<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="top-inner">
<span class="brand">⚓ Harbourmaster</span>
<nav aria-label="Pages"><ul>${sections.map(([path, label]) => navigation(path, label, section))}</ul></nav>
<form class="who" method="post" action="/admin/logout">${token(visitor)}<span>${visitor.admin ?? ''}</span>
<button class="quiet">Sign out</button></form>
</div></header>
<main id="main">${notice === null ? nothing : saying(notice)}${content}</main>`;
  return document({ title, body, status });
}

function navigation(path: Section, label: string, section: Section | null): Html {
  return path === section
    ? html`<li><a href="${path}" aria-current="page">${label}</a></li>`
    : html`<li><a href="${path}">${label}</a></li>`;
}

/** A page without navigation. */
export async function document(input: { title: string; body: Html; status?: number }): Promise<Reply> {
  const { title, body, status = 200 } = input;
  const text = await html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Harbourmaster</title>
<link rel="stylesheet" href="/admin/site.css?v=${version}">
</head><body>${body}</body></html>
`;
  return { status, contentType: 'text/html; charset=utf-8', text: String(text) };
}

function saying({ tone, lines }: Notice): Html {
  return html`<div class="notice ${tone}" role="status">${lines.map((line) => html`<p>${line}</p>`)}</div>`;
}

/** The hidden field that shows that a form comes from a page of ours. */
export function token(visitor: Visitor): Html {
  return html`<input type="hidden" name="csrfToken" value="${visitor.csrfToken()}">`;
}

/** The field in which every act asks why. */
export function reasonField(id: string): Html {
  return html`<label for="${id}">Reason<input id="${id}" name="reason" required minlength="3" maxlength="500" autocomplete="off"></label>`;
}

/** A moment in the shop's time, with the exact one behind it. */
export function moment(at: string | null, timeZone: string): Html {
  if (at === null) return html`–`;
  return html`<time datetime="${at}" title="${at}">${formatMoment({ at, timeZone })}</time>`;
}

/** What happens next by itself, and when: some sentences lead to their moment, others end before it. */
export function nextMove({ text, at }: { text: string; at: string | null }, timeZone: string): Html {
  if (at === null) return html`${text}`;
  return html`${text}${/ (?:at|before|until)$/.test(text) ? ' ' : ', '}${moment(at, timeZone)}`;
}

/** Back to a page after an act, so that loading it anew does nothing again. */
export function backTo(location: string): Reply {
  return { status: 303, contentType: 'text/html; charset=utf-8', text: '', headers: { location } };
}

/** The site's stylesheet; its address has its version, so browsers may keep it. */
export async function showStylesheet(): Promise<Reply> {
  const headers = { 'cache-control': 'public, max-age=31536000, immutable' };
  return { status: 200, contentType: 'text/css; charset=utf-8', text: stylesheet, headers };
}
