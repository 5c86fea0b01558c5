import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyStep } from '../../src/domain/remedy-step.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { PlanDependencies } from '../../src/orders/plan-refund.ts';
import { planRemedy } from '../../src/orders/plan-remedy.ts';
import type { ServerStatus } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const at = '2026-11-21T12:00:00.000Z';
const workflowId = 'compensation-a';
const [first, second] = ['103.181.91.7', '103.181.91.8'] as const;

/** An order with a remedy under way whose customer has the first of two servers. */
async function setUp(option: 'priceAdjustment' | 'refundAndFreeMonth', changes: Partial<OrderDocument> = {}) {
  const db = createMemoryCollections();
  await db.orders.insertOne(
    anOrder({
      _id: 'a',
      status: 'compensating',
      owner: workflowId,
      goods: { state: 'delivered', purchaseId: 'a#1' },
      remedy: {
        workflowId,
        option,
        by: 'ops',
        reason: null,
        endsAs: 'refunded',
        startedAt: at,
        from: 'active',
        adjustment: {
          purchaseId: 'a#1',
          ip: first,
          productId: null,
          productName: 'Silver',
          orderedProductId: 'silver-91',
          orderedProductName: 'Silver',
          differencePaise: 0,
        },
      },
      ...changes,
    }),
  );
  const servers = [
    ['a#1', first, 'delivered'],
    ['a#2', second, 'held'],
  ] as const;
  for (const [purchaseId, ip, state] of servers) {
    await db.purchases.insertOne(aPurchase({ _id: purchaseId, state: 'wrong', ip }));
    const tenancy = aTenancy({ purchaseId, orderId: 'a', state });
    await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  }
  const setTenancy = (ip: string, set: Record<string, string>) =>
    db.servers.updateOne({ _id: `smartvps:${ip}` }, { $set: set });
  let readServer: () => Promise<ServerStatus> = async () => ({ kind: 'notOurs', why: 'never told' });
  const deps = {
    db,
    now: () => at,
    returnClaim: async () => undefined,
    supplierOf: () => ({ readServer: () => readServer() }),
  } as unknown as PlanDependencies;
  const supplierSays = (answer: () => Promise<ServerStatus>) => {
    readServer = answer;
  };
  const plan = (input: { did?: string[]; freeMonthMs?: number } = {}): Promise<RemedyStep> => {
    const { did = ['apologise'], freeMonthMs = 0 } = input;
    return planRemedy(deps, { orderId: 'a', workflowId, skip: [], did, monthOver: false, freeMonthMs });
  };
  return { db, plan, setTenancy, supplierSays };
}

test('a price adjustment ends every other server of the order before it is settled', async () => {
  const { db, plan, setTenancy } = await setUp('priceAdjustment', {
    needsReprovision: { since: at, delivered: true },
  });
  assert.deepEqual(await plan(), { kind: 'endServer', purchaseId: 'a#2', ip: second });
  await setTenancy(second, { 'tenancy.state': 'stranded' });
  assert.equal((await plan()).kind, 'settled');
  assert.equal((await db.orders.findOne({ _id: 'a' }))?.needsReprovision, null);
});

test('a customer whose server was to be replaced keeps that one where the new one is wrong, too', async () => {
  const { db, plan } = await setUp('priceAdjustment', {
    goods: { state: 'none' },
    needsReprovision: { since: at, delivered: true },
  });
  await db.orders.updateOne({ _id: 'a' }, { $set: { 'remedy.adjustment': null, 'remedy.amountPaise': 100 } });
  assert.deepEqual(await plan(), { kind: 'deliver', purchaseId: 'a#1', ip: first });
  const order = await db.orders.findOne({ _id: 'a' });
  assert.equal(order?.remedy?.adjustment?.ip, first);
});

test('a free month begins with one server alone', async () => {
  const { plan, setTenancy } = await setUp('refundAndFreeMonth', { money: 'refunding' });
  assert.deepEqual(await plan(), { kind: 'endServer', purchaseId: 'a#2', ip: second });
  await setTenancy(second, { 'tenancy.state': 'stranded' });
  assert.equal((await plan()).kind, 'freeMonth');
});

const dayMs = 86_400_000;
const terms: [string, string, number, string][] = [
  ['is paid for longer', '2027-01-31T23:59:59.999Z', 30 * dayMs, '2026-12-21T12:00:00.000Z'],
  ['ends before the month', '2026-12-10T12:00:00.000Z', 30 * dayMs, '2026-12-09T12:00:00.000Z'],
  ['is as good as over', '2026-11-21T13:00:00.000Z', 30 * dayMs, at],
];
for (const [what, expiresAt, freeMonthMs, until] of terms) {
  test(`a free month ends in time where the supplier's term ${what}`, async () => {
    const { db, plan, setTenancy } = await setUp('refundAndFreeMonth', { money: 'refunding' });
    await setTenancy(second, { 'tenancy.state': 'stranded' });
    await setTenancy(first, { 'tenancy.expiresAt': expiresAt });
    const step = await plan({ freeMonthMs });
    assert.deepEqual([step.kind, step.kind === 'freeMonth' && step.until], ['freeMonth', until]);
    assert.equal((await db.orders.findOne({ _id: 'a' }))?.freeMonth?.until, until);
  });
}

test("a free month lasts as long as the supplier's own date lets it, which is written down; the book counts where it names none", async () => {
  const stale = '2026-12-01T23:59:59.999Z';
  const answers: [ServerStatus | SupplierError, string, string][] = [
    // Renewed in the supplier's panel since: the whole month.
    [
      { kind: 'server', ip: first, expiresOn: '2027-01-21' } as ServerStatus,
      '2026-12-21T12:00:00.000Z',
      '2027-01-21T23:59:59.999Z',
    ],
    [{ kind: 'server', ip: first } as ServerStatus, '2026-11-30T23:59:59.999Z', stale],
    [
      new SupplierError({ code: 'unreachable', action: 'ask', why: 'no answer', remedy: 'Try again.' }),
      '2026-11-30T23:59:59.999Z',
      stale,
    ],
  ];
  for (const [answer, until, expiresAt] of answers) {
    const { db, plan, setTenancy, supplierSays } = await setUp('refundAndFreeMonth', { money: 'refunding' });
    await setTenancy(second, { 'tenancy.state': 'stranded' });
    await setTenancy(first, { 'tenancy.expiresAt': stale });
    supplierSays(async () => {
      if (answer instanceof SupplierError) throw answer;
      return answer;
    });
    const step = await plan({ freeMonthMs: 30 * dayMs });
    assert.deepEqual([step.kind, step.kind === 'freeMonth' && step.until], ['freeMonth', until]);
    assert.equal((await db.servers.findOne({ _id: `smartvps:${first}` }))?.tenancy.expiresAt, expiresAt);
  }
});

test('a month is refused before any money moves where the supplier calls it as good as over too, and lived where the book was behind', async () => {
  const over = '2026-11-21T23:59:59.999Z';
  const { db, plan, setTenancy, supplierSays } = await setUp('refundAndFreeMonth', { money: 'kept' });
  await setTenancy(second, { 'tenancy.state': 'stranded' });
  await setTenancy(first, { 'tenancy.expiresAt': over });
  const moneyNow = async () => (await db.orders.findOne({ _id: 'a' }))?.money;
  for (const answer of [
    { kind: 'notOurs', why: 'IP not found' } as const,
    { kind: 'server', ip: first, expiresOn: '2026-11-20' } as ServerStatus,
    // Less than the day before the end at which a month ends.
    { kind: 'server', ip: first, expiresOn: '2026-11-21' } as ServerStatus,
  ]) {
    supplierSays(async () => answer);
    const step = await plan({ freeMonthMs: 30 * dayMs });
    assert.deepEqual([step.kind, step.kind === 'blocked' && step.moneyBegun], ['blocked', false]);
    assert.match(
      step.kind === 'blocked' ? (step.why ?? '') : '',
      /is over, or ends within a day: there is none left .* Choose refund/,
    );
    assert.equal(await moneyNow(), 'kept');
  }
  supplierSays(async () => ({ kind: 'server', ip: first, expiresOn: '2027-01-21' }) as ServerStatus);
  const step = await plan({ freeMonthMs: 30 * dayMs });
  assert.deepEqual(
    [step.kind, step.kind === 'freeMonth' && step.until, await moneyNow()],
    ['freeMonth', '2026-12-21T12:00:00.000Z', 'refunded'],
  );
});
