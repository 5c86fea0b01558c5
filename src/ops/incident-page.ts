import { html, raw } from 'hono/html';
import type { Incident } from '../domain/incident.ts';
import { clusterGapSeconds } from '../domain/incident.ts';

const style = `
:root { color-scheme: light dark; --line: #c6ccd6; --soft: #505b6c; --bad: #9c1c1c; }
@media (prefers-color-scheme: dark) { :root { --line: #3b475a; --soft: #aab4c3; --bad: #ffb0b0; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 0 auto; padding: 16px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 5px 8px; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } code { font-size: 13px; overflow-wrap: anywhere; } .soft { color: var(--soft); } .bad { color: var(--bad); font-weight: 600; }
`;

/** The report as one page that needs nothing else: it can be mailed, kept, and read without us. */
export function incidentPage(incident: Incident): string {
  const { packageName, from, to, orders, clusters, purchases, mismatches, overlaps, timeline } = incident;
  return String(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Incident: ${packageName}</title><style>${raw(style)}</style></head><body><main>
<h1>Package ${packageName}</h1>
<p>${clock(from)} to ${clock(to)}: ${orders.length} orders, ${purchases.length} purchases, ${mismatches.length} mismatches, ${overlaps.length} overlapping purchases.</p>
<h2>Who got the wrong address</h2>
${mismatches.length === 0 ? html`<p>Nobody.</p>` : html`<ul>${mismatches.map((one) => html`<li class="bad">Order ${one.orderId} (${one.purchaseId}): requested ${one.requested}, got ${one.got}, at ${clock(one.at)}.</li>`)}</ul>`}
<h2>Orders that came together</h2>
<p class="soft">Paid less than ${clusterGapSeconds} s after the one before.</p>
${clusters.length === 0 ? html`<p>None.</p>` : html`<ul>${clusters.map((one) => html`<li>${one.orderIds.length} orders from ${clock(one.from)} to ${clock(one.to)}; ${one.last} came last. <code>${one.orderIds.join(', ')}</code></li>`)}</ul>`}
<h2>Purchases at the supplier at once</h2>
${overlaps.length === 0 ? html`<p>None: one ran after another.</p>` : html`<ul>${overlaps.map((one) => html`<li class="bad">${one.first} and ${one.second}</li>`)}</ul>`}
<h2>What the supplier was asked and answered</h2><div class="scroll" tabindex="0" role="region" aria-label="Purchases"><table>
<thead><tr><th>Purchase</th><th>Sent</th><th>Asked</th><th>Answered</th><th>Address</th><th>Outcome</th></tr></thead>
<tbody>${purchases.map((row) => html`<tr><td><code>${row.purchaseId}</code><br><span class="soft">counted ${row.stockBefore ?? '?'}</span></td><td>${clock(row.sentAt)}</td><td><code>${row.asked}</code></td><td>${clock(row.answeredAt)}<br><code>${row.answered ?? 'nothing'}</code></td><td><code>${row.ip ?? '–'}</code></td><td>${row.state}${row.why === null ? '' : `: ${row.why}`}</td></tr>`)}</tbody></table></div>
<h2>Orders</h2><div class="scroll" tabindex="0" role="region" aria-label="Orders"><table><thead><tr><th>Order</th><th>Ordered</th><th>Paid</th><th>Now</th><th>Address</th></tr></thead>
<tbody>${orders.map((row) => html`<tr><td><code>${row.orderId}</code></td><td>${clock(row.createdAt)}</td><td>${clock(row.paidAt)}</td><td>${row.statusText}</td><td><code>${row.ip ?? '–'}</code></td></tr>`)}</tbody></table></div>
<h2>Everything, by time</h2><div class="scroll" tabindex="0" role="region" aria-label="Timeline"><table><thead><tr><th>Time</th><th>Order</th><th>What</th></tr></thead>
<tbody>${timeline.map((line) => html`<tr><td>${clock(line.at)}</td><td><code>${line.orderId}</code></td><td>${line.text}${line.detail === undefined ? '' : html`<br><code>${line.detail}</code>`}</td></tr>`)}</tbody></table></div>
</main></body></html>
`);
}

/** To the millisecond: what is asked is who came first. */
function clock(at: string | null): string {
  return at === null ? '–' : `${at.slice(0, 23).replace('T', ' ')} UTC`;
}
