import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { createCredentialBox } from '../../src/servers/credential-box.ts';
import { allowReveal, revealLogin } from '../../src/servers/reveal-login.ts';
import { anOrder, aPurchase } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
const box = createCredentialBox([{ id: 'a', key: new Uint8Array(32) }]);
const now = () => new Date('2026-11-21T10:00:00.000Z');
const orderId = 'ord-1';
const purchaseId = `${orderId}#1`;
await db.orders.insertOne(anOrder({ _id: orderId, goods: { state: 'delivered', purchaseId } }));
await db.orders.insertOne(anOrder({ _id: 'ord-2' }));
await db.purchases.insertOne(aPurchase({ _id: purchaseId, ip: '103.181.91.10' }));
const sealed = box.seal({ orderId, login: { username: 'root', password: 'the canary' } });
const ask = (by: string, id = orderId) => revealLogin({ db, box, now }, { orderId: id, by });

test('there is nothing to show without a server, or before its login is there', async () => {
  assert.match(JSON.stringify(await ask('Asha', 'ord-2')), /has no server/);
  assert.match(JSON.stringify(await ask('Asha')), /has shown no login/);
});

test('a login is shown once, also where some ask at once; then it is said to whom and when', async () => {
  await db.credentials.insertOne({ _id: purchaseId, orderId, ...sealed, os: 'Ubuntu 22', sealedAt: '' });
  assert.match(JSON.stringify(await allowReveal(db, { orderId })), /was not shown yet/);
  const wrongKey = createCredentialBox([{ id: 'b', key: new Uint8Array(32) }]);
  await assert.rejects(revealLogin({ db, box: wrongKey, now }, { orderId, by: 'Asha' }), /CREDENTIALS_KEY/);
  const asked = await Promise.all(['Asha', 'Asha', 'Asha', 'Asha'].map((by) => ask(by)));
  const shown = asked.filter(({ kind }) => kind === 'revealed');
  assert.deepEqual(shown, [
    {
      kind: 'revealed',
      login: { ip: '103.181.91.10', username: 'root', password: 'the canary', os: 'Ubuntu 22' },
    },
  ]);
  const again = await ask('Ravi');
  assert.equal(again.kind, 'refused');
  assert.match(JSON.stringify(again), /was shown to Asha at 2026-11-21 10:00 UTC/);
  assert.doesNotMatch(JSON.stringify(again), /canary/);
});

test('an operator lets it be shown once more', async () => {
  assert.equal((await allowReveal(db, { orderId })).kind, 'accepted');
  assert.equal((await allowReveal(db, { orderId })).kind, 'refused');
  assert.equal((await ask('Ravi')).kind, 'revealed');
  assert.match(JSON.stringify(await ask('Asha')), /was shown to Ravi/);
});
