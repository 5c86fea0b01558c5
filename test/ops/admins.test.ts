import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Incident } from '../../src/domain/incident.ts';
import { operatorName } from '../../src/ops/operator-name.ts';
import { runCommand as run, verb } from './run-command.ts';

const incident: Incident = {
  packageName: '103.181.91',
  from: '2026-11-21T10:00:00.000Z',
  to: '2026-11-21T11:00:00.000Z',
  orders: [],
  clusters: [],
  purchases: [
    {
      ...{ purchaseId: 'ord-1#1', orderId: 'ord-1', intendedAt: '2026-11-21T10:00:00.000Z' },
      ...{ sentAt: '2026-11-21T10:00:01.000Z', answeredAt: '2026-11-21T10:00:09.000Z', settledAt: null },
      ...{ stockBefore: 3, asked: '{"ip":"103.181.91","ram":"8"}', answered: 'HTTP 200: <b>bold</b>' },
      ...{ ip: '103.182.44.18', state: 'wrong', why: null },
    },
  ],
  mismatches: [
    { orderId: 'ord-1', purchaseId: 'ord-1#1', requested: '103.181.91', got: '103.182.44.18', at: null },
  ],
  overlaps: [],
  timeline: [],
};

test('an admin is added with a password that is made up and printed once', async () => {
  const addAdmin = verb({ kind: 'accepted', next: 'Asha can sign in now.' } as const);
  const { code, out } = await run(['admin', 'add', 'Asha', '--reason', 'joins'], { addAdmin: addAdmin.call });
  assert.equal(code, 0);
  const password = /^Password, shown this once: (\S{20})$/m.exec(out)?.[1];
  assert.deepEqual(addAdmin.seen, [
    { name: 'Asha', password, replace: false, by: operatorName(), reason: 'joins' },
  ]);
});

test('an admin that is refused has no password, and the exit code says so', async () => {
  const refused = verb({ kind: 'refused', sentence: 'There is one already.' } as const);
  const { code, out, err } = await run(['admin', 'add', 'Asha'], { addAdmin: refused.call });
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /Failed to add Asha: There is one already\./);
});

test('admins are listed and removed', async () => {
  const known = { name: 'Asha', createdAt: '2026-11-21T10:00:00.000Z', createdBy: 'ops' };
  const { out } = await run(['admin', 'list'], { listAdmins: verb([known]).call });
  assert.match(out, /^Asha {2}since 21 Nov 2026, 10:00 UTC, by ops$/m);
  const removeAdmin = verb({ kind: 'accepted', next: 'Gone.' } as const);
  assert.equal(
    (await run(['admin', 'remove', 'Asha', '--by', 'me'], { removeAdmin: removeAdmin.call })).code,
    0,
  );
  assert.deepEqual(removeAdmin.seen, [{ name: 'Asha', by: 'me', reason: null }]);
});

test('an incident is one file that needs nothing else, readable by its owner alone, with the supplier in words', async (context) => {
  const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-incident-'));
  context.after(() => rm(dir, { recursive: true }));
  const reportIncident = verb(incident);
  const span = ['--package', '103.181.91', '--from', '2026-11-21T10:00', '--to', '2026-11-21T16:30+05:30'];
  const page = join(dir, 'report.html');
  const { code, out, err } = await run(['incident', ...span, '--out', page], {
    reportIncident: reportIncident.call,
  });
  assert.equal(code, 0, err);
  assert.deepEqual(reportIncident.seen, [
    { packageName: '103.181.91', from: incident.from, to: incident.to },
  ]);
  assert.match(out, /1 purchases, 1 mismatches: /);
  const html = await readFile(page, 'utf8');
  assert.match(html, /requested 103\.181\.91, got 103\.182\.44\.18/);
  assert.match(html, /HTTP 200: &lt;b&gt;bold&lt;\/b&gt;/);
  assert.doesNotMatch(html, /(?:src|href)=|<script/);
  assert.equal((await stat(page)).mode & 0o777, 0o600);
  const file = join(dir, 'report.json');
  await run(['incident', ...span, '--out', file], { reportIncident: reportIncident.call });
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), incident);
});

test('a report goes into a .html or .json file of a folder that is there; anything else is said', async () => {
  const span = ['--package', 'x', '--from', '2026-11-21', '--to', '2026-11-22'];
  const ports = { reportIncident: verb(incident).call };
  const odd = await run(['incident', ...span, '--out', 'report.txt'], ports);
  assert.deepEqual([odd.code, /neither in \.html nor in \.json/.test(odd.err)], [2, true], odd.err);
  const lost = await run(['incident', ...span, '--out', '/no-such-folder/report.html'], ports);
  assert.equal(lost.code, 1);
  assert.match(lost.err, /Failed to write the report to \/no-such-folder\/report\.html \(ENOENT\)\. Choose/);
});

test('a span of time that cannot be read, or ends before it begins, is wrong usage', async () => {
  const from = ['--package', 'x', '--from', 'yesterday', '--to', '2026-11-21'];
  assert.equal((await run(['incident', ...from])).code, 2);
  const noDay = ['--package', 'x', '--from', '2026-02-31T10:00Z', '--to', '2026-11-21'];
  assert.equal((await run(['incident', ...noDay])).code, 2);
  const backwards = ['--package', 'x', '--from', '2026-11-22', '--to', '2026-11-21'];
  assert.equal((await run(['incident', ...backwards])).code, 1);
});
