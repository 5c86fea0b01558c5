/** The one stylesheet of the site: no picture, no font, no script; light or dark as the system says. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --ink: #1a2230; --soft: #505b6c; --line: #d5dae2;
  --accent: #0b57b7; --accent-ink: #ffffff; --focus: #b45309;
  --good: #14633a; --good-ground: #e2f4e9; --bad: #9c1c1c; --bad-ground: #fdeaea;
  --warn: #7a4a00; --warn-ground: #fdf1d8; --calm: #174a8b; --calm-ground: #e5eefb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151d; --card: #19212c; --ink: #e8ecf3; --soft: #aab4c3; --line: #354153;
    --accent: #7db4ff; --accent-ink: #0b1522; --focus: #fbbf24;
    --good: #8fe0b0; --good-ground: #12331f; --bad: #ffb0b0; --bad-ground: #431a1a;
    --warn: #ffd485; --warn-ground: #3d2c0a; --calm: #a9cdff; --calm-ground: #17304f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); }
a, button, input, select, textarea, summary { outline-offset: 2px; }
:focus-visible { outline: 3px solid var(--focus); }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px 12px; z-index: 2; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top-inner { max-width: 1180px; margin: 0 auto; padding: 10px 16px; display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: center; }
.brand { font-weight: 700; margin-right: 6px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px; list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 6px 10px; border-radius: 8px; text-decoration: none; color: var(--ink); }
nav a:hover { background: var(--ground); }
nav a[aria-current] { background: var(--calm-ground); color: var(--calm); font-weight: 600; }
.who { margin-left: auto; display: flex; gap: 10px; align-items: center; color: var(--soft); font-size: 14px; }
@media (max-width: 699px) { .top-inner nav { order: 1; width: 100%; } }
main { max-width: 1180px; margin: 0 auto; padding: 18px 16px 60px; }
h1 { font-size: 26px; line-height: 1.25; margin: 4px 0 14px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 10px; }
h3 { font-size: 16px; margin: 0 0 6px; overflow-wrap: anywhere; }
p { margin: 0 0 10px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px; margin: 0 0 16px; }
.grid { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 900px) {
  .grid.two { grid-template: auto 1fr / minmax(0, 1.7fr) minmax(0, 1fr); grid-template-areas: "stand side" "story side"; align-items: start; }
  .stand { grid-area: stand; } .side { grid-area: side; } .story { grid-area: story; }
}
.grid.two { gap: 0 16px; }
@media (min-width: 700px) { .grid.cards { grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; } }
.grid.cards .card { margin: 0; }
.soft { color: var(--soft); }
.small { font-size: 14px; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 14px; overflow-wrap: anywhere; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 14px; font-weight: 600; background: var(--calm-ground); color: var(--calm); }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.badge.warn { background: var(--warn-ground); color: var(--warn); }
.notice { border-radius: 12px; padding: 12px 16px; margin: 0 0 16px; border: 1px solid currentColor; overflow-wrap: anywhere; }
.notice p { margin: 0; }
.notice.good { background: var(--good-ground); color: var(--good); }
.notice.bad { background: var(--bad-ground); color: var(--bad); }
.notice.warn { background: var(--warn-ground); color: var(--warn); }
.notice a { color: inherit; }
.counts { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; padding: 0; margin: 0 0 12px; }
.counts a, .counts span.tile { display: inline-flex; gap: 8px; align-items: baseline; padding: 6px 12px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); color: var(--ink); text-decoration: none; }
.counts a:hover { border-color: var(--accent); }
.counts b { font-size: 18px; }
form.filters { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(min(170px, 100%), 1fr)); align-items: end; }
label { display: block; font-size: 14px; font-weight: 600; }
label.inline { display: flex; gap: 8px; align-items: center; font-weight: 400; min-height: 32px; }
input:not([type=checkbox]), select, textarea { width: 100%; min-height: 40px; font: inherit; font-weight: 400; color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: 8px; padding: 7px 9px; margin-top: 3px; }
input[type=checkbox] { width: 20px; height: 20px; margin: 0; accent-color: var(--accent); }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: 8px 14px; border-radius: 8px; border: 1px solid var(--accent); background: var(--accent); color: var(--accent-ink); cursor: pointer; text-decoration: none; }
button.quiet, .button.quiet { background: transparent; color: var(--accent); }
button.danger { background: var(--bad); border-color: var(--bad); color: var(--card); }
.stack { display: grid; gap: 10px; }
.row { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; }
.row > label { flex: 1 1 200px; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; padding: 0 10px 6px; }
td .mono, td.mono { overflow-wrap: break-word; }
@media (min-width: 900px) { td a.mono, td time { white-space: nowrap; } td time { font-size: 14px; } }
table + h2 { margin-top: 18px; }
.notice + .notice, .card h3 { margin-top: 14px; }
::placeholder { color: var(--soft); opacity: 1; }
th, td { text-align: left; padding: 8px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: 14px; color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (max-width: 699px) {
  table.list caption { display: block; }
  table.list thead { position: absolute; left: -9999px; }
  table.list, table.list tbody, table.list tr, table.list td { display: block; width: 100%; }
  table.list tr { border: 1px solid var(--line); border-radius: 10px; padding: 8px; margin-bottom: 10px; }
  table.list td { border: 0; padding: 3px 4px; }
  table.list td.number { text-align: left; }
}
dl.facts { display: grid; grid-template-columns: minmax(110px, max-content) minmax(0, 1fr); gap: 4px 14px; margin: 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.big { font-size: 30px; font-weight: 700; line-height: 1.1; }
ol.timeline { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--line); }
ol.timeline li { padding: 0 0 12px 16px; position: relative; overflow-wrap: anywhere; }
ol.timeline li::before { content: ""; position: absolute; left: -6px; top: 8px; width: 10px; height: 10px; border-radius: 50%; background: var(--soft); }
ol.timeline li.workflow { color: var(--soft); font-size: 14px; }
ol.timeline li.order::before { background: var(--accent); }
ol.timeline li.admin::before { background: var(--warn); }
ol.timeline li.supplier::before, ol.timeline li.purchase::before { background: var(--good); }
ol.timeline .at { font-size: 14px; color: var(--soft); font-variant-numeric: tabular-nums; margin-right: 6px; }
ol.timeline .source { font-size: 13px; color: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: 0 6px; margin-right: 6px; }
ol.timeline pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0 0; font-size: 13px; background: var(--ground); border: 1px solid var(--line); border-radius: 8px; padding: 6px 8px; }
details { border-top: 1px solid var(--line); padding: 10px 0 4px; }
details:first-of-type { border-top: 0; }
summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
details > :not(summary) { margin-top: 8px; }
svg.graph { display: block; width: 100%; height: 64px; margin: 8px 0; }
svg.graph polyline { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; }
svg.graph line { stroke: var(--bad); stroke-width: 1; stroke-dasharray: 4 4; vector-effect: non-scaling-stroke; }
.login { max-width: 420px; margin: 6vh auto 0; }
.login form, .login dl.facts { margin-bottom: 14px; }
`;
