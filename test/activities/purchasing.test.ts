import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createPurchasing } from '../../activities/purchasing.ts';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import { policy, sold } from '../purchases/purchase-world.ts';
import { anOrder, aPackage, aPurchase } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const now = '2026-11-21T10:00:00.000Z';

/** Order `a` with its purchase `a#1`; `sent` has what the supplier was asked, `errors` what was logged as one. */
async function setUp(row: Partial<PurchaseDocument>, sendNotice: ActivityDependencies['sendNotice']) {
  const db = createMemoryCollections();
  const errors: object[] = [];
  let sent = 0;
  await db.packages.insertOne(aPackage());
  await db.orders.insertOne(anOrder({ _id: 'a' }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', ...row }));
  const supplier = {
    interpretPurchaseReply,
    sendPurchase: async (): Promise<RawPurchaseReply> => {
      sent += 1;
      return sold('103.181.91.7');
    },
  };
  const deps = {
    db,
    supplierOf: () => supplier,
    sendNotice,
    now: () => now,
    sleep: async () => undefined,
    pause: async () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: (fields: object) => errors.push(fields) },
  } as unknown as ActivityDependencies;
  return { activities: createPurchasing(deps), errors, sent: () => sent };
}

const late = { purchaseId: 'a#1', reply: sold('103.181.91.9') };
const judged = { state: 'notBought', why: 'Judged.', sentAt: now, settledAt: now } as const;

test('an admin is told once, by mail, of a sale that came after its verdict', async () => {
  const told: Parameters<ActivityDependencies['sendNotice']>[0][] = [];
  const { activities } = await setUp(judged, async (notice) => {
    told.push(notice);
  });
  for (let repeat = 0; repeat < 2; repeat += 1) {
    assert.equal((await activities.storePurchaseReply(late)).kind, 'notBought');
  }
  const [{ orderId, factId, notice } = { notice: null }, ...others] = told;
  assert.deepEqual([orderId, factId, others], ['a', 'case:a#1:contradicted', []]);
  assert.deepEqual(notice?.kind === 'caseOpened' && notice.purchaseId, 'a#1');
  assert.match(notice?.kind === 'caseOpened' ? notice.sentence : '', /103\.181\.91\.9 was sold/);
});

test('a mail that cannot be sent keeps no purchase from its end, and is an error in the log', async () => {
  const { activities, errors } = await setUp(judged, async () => {
    throw new Error('The mail server is away.');
  });
  assert.equal((await activities.storePurchaseReply(late)).kind, 'notBought');
  const reason = 'The mail server is away.';
  assert.deepEqual(errors, [{ orderId: 'a', purchaseId: 'a#1', reason }]);
});

test('a purchase that was sent before says why it is not sent again; a first one says nothing', async () => {
  const input = {
    orderId: 'a',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    purchaseId: 'a#1',
    fencingNumber: 100,
    stockBefore: 9,
    policy,
  } as const;
  const { activities, sent } = await setUp({}, async () => assert.fail('There is nothing to tell.'));
  assert.deepEqual(await activities.buyVps(input), { kind: 'bought', ip: '103.181.91.7' });
  assert.deepEqual(await activities.buyVps(input), {
    kind: 'bought',
    ip: '103.181.91.7',
    note: `Purchase a#1 was sent to the supplier at ${now} already (bought): it is not sent again.`,
  });
  assert.equal(sent(), 1);
});
