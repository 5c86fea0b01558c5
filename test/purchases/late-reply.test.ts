import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import { planOrder } from '../../src/orders/plan-order.ts';
import { buyOnce } from '../../src/purchases/buy-once.ts';
import type { CaseDocument } from '../../src/purchases/case-document.ts';
import { listCases } from '../../src/purchases/list-cases.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { resolvePurchase } from '../../src/purchases/resolve-purchase.ts';
import { finishPurchase, settleReply } from '../../src/purchases/settle-row.ts';
import { strandServer } from '../../src/servers/strand-server.ts';
import { aTenancy } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createEvidenceWorld, type EvidenceWorld, policy, rightExpiry, sentAt } from './evidence-world.ts';
import { answered, sold } from './purchase-world.ts';

const [ip, late] = ['103.181.91.7', '103.181.91.30'];
const refusal = answered('error|Insufficient balance');
const settledAt = '2026-11-21T10:08:00.000Z';

type Settled = 'bought' | 'wrong' | 'refused' | 'notBought';

/** Purchase `lost#1` is settled; what it bought has its tenancy. `told` collects the cases that were told of. */
async function createSettled(state: Settled, changes: Partial<PurchaseDocument> = {}) {
  const hasServer = state === 'bought' || state === 'wrong';
  const purchase = { state, why: 'Judged.', settledAt, ip: hasServer ? ip : null, ...changes };
  const world = await createEvidenceWorld({ purchase });
  const { db } = world;
  if (hasServer) await world.hold(ip, { purchaseId: 'lost#1', orderId: 'lost', state: 'bought' });
  const goods = { state: state === 'bought' ? 'delivered' : 'buying', purchaseId: 'lost#1' } as const;
  await db.orders.updateOne({ _id: 'lost' }, { $set: { goods } });
  const told: CaseDocument[] = [];
  world.deps.onContradiction = async (opened) => {
    told.push(opened);
  };
  world.clock.advance(3_600_000);
  return { ...world, told };
}

const tell = (world: EvidenceWorld, reply: RawPurchaseReply, deps = world.deps) =>
  settleReply(deps, { purchaseId: 'lost#1', reply, sentAt });
const caseOf = ({ db }: EvidenceWorld) => db.cases.findOne({ _id: 'lost#1' });
const goodsOf = async ({ db }: EvidenceWorld) => (await db.orders.findOne({ _id: 'lost' }))?.goods;

async function tenancyOf({ db }: EvidenceWorld, address: string) {
  const { state, purchaseId, cost, expiresAt } =
    (await db.servers.findOne({ _id: `smartvps:${address}` }))?.tenancy ?? {};
  return { state, purchaseId, paid: cost?.amountMinor, expiresAt: expiresAt?.slice(0, 10) };
}

const verdicts: [Settled, string, string][] = [
  ['bought', 'bought', `bought (${ip})`],
  ['wrong', 'wrong', `wrong (${ip})`],
  ['refused', 'refused', 'refused'],
  ['notBought', 'notBought', 'notBought'],
];
for (const [state, outcome, words] of verdicts) {
  test(`a sale that is told after "${state}" is kept beside it, held with its money, and a case tells the admin once`, async () => {
    const world = await createSettled(state);
    const goods = await goodsOf(world);
    for (let repeat = 0; repeat < 2; repeat += 1) {
      assert.equal((await tell(world, sold(late))).kind, outcome);
    }
    const row = await world.row();
    assert.deepEqual([row.state, row.reply, row.lateReply, row.why], [state, null, sold(late), 'Judged.']);
    const held = { state: 'held', purchaseId: 'lost#1', paid: 49_900, expiresAt: rightExpiry };
    assert.deepEqual(await tenancyOf(world, late), held);
    if (row.ip !== late) assert.equal((await tenancyOf(world, ip)).state, 'bought', 'its own stays');
    const opened = await caseOf(world);
    const sentence =
      `Purchase lost#1 (103.181.91, 8 GB, sent ${sentAt}, stock before: 40) was settled as ${words}, "Judged.", ` +
      `but an answer came later: ${late} was sold. It is held and paid for, and no order has it. ` +
      'Resolved as bought with that address, it is stranded.';
    assert.deepEqual([opened?.kind, opened?.sentence, opened?.resolution], ['contradicted', sentence, null]);
    assert.deepEqual(
      world.told.map((one) => one.sentence),
      [sentence],
    );
    assert.deepEqual(
      (await listCases(world.db, { now: world.clock.now() })).map(({ purchaseId }) => purchaseId),
      ['lost#1'],
    );
    assert.deepEqual(await goodsOf(world), state === 'bought' ? goods : { state: 'none' });
  });
}

test('a sale that is told of an open case is read where the case is listed, and opens no second one', async () => {
  const purchase = { state: 'case', why: 'Nobody knows.', settledAt: null } as const;
  const world = await createEvidenceWorld({ purchase });
  const { db } = world;
  await finishPurchase(world.deps, 'lost#1');
  assert.equal((await caseOf(world))?.sentence, 'Nobody knows.');
  const told = `Nobody knows. An answer came after the verdict: ${late} was sold; it is kept for the order`;
  for (let repeat = 0; repeat < 2; repeat += 1) {
    assert.deepEqual(await tell(world, sold(late)), { kind: 'case', sentence: `${told}.` });
  }
  const [listed, ...others] = await listCases(db, { now: world.clock.now() });
  assert.deepEqual([listed?.sentence, others], [`${told}.`, []]);
});

test('an order that has gone on keeps its goods, and the next purchase is not touched', async () => {
  const world = await createSettled('notBought');
  const { db } = world;
  const goods = { state: 'buying', purchaseId: 'lost#2' } as const;
  await db.orders.updateOne({ _id: 'lost' }, { $set: { goods } });
  const next = { ...(await world.row()), _id: 'lost#2', number: 2, state: 'sent' as const };
  await db.purchases.insertOne(next);
  await tell(world, sold(late));
  assert.deepEqual(await goodsOf(world), goods);
  assert.deepEqual(await db.purchases.findOne({ _id: 'lost#2' }), next);
  assert.equal((await caseOf(world))?.kind, 'contradicted');
});

for (const state of ['refused', 'notBought', 'wrong'] as const) {
  test(`an order that has not gone on after "${state}" settles the late sale first, it never buys by itself`, async () => {
    const world = await createSettled(state);
    await world.db.orders.updateOne({ _id: 'lost' }, { $set: { status: 'failed' } });
    assert.deepEqual(await planOrder(world.deps, { orderId: 'lost' }), { kind: 'buy', purchaseId: 'lost#2' });
    await tell(world, sold(late));
    const step = await planOrder(world.deps, { orderId: 'lost' });
    assert.deepEqual([step.kind, step.kind === 'case' && step.purchaseId], ['case', 'lost#1']);
    world.account.servers.set(late, rightExpiry);
    const answer = await resolvePurchase(world.deps, {
      purchaseId: 'lost#1',
      resolution: bought(late),
      policy,
    });
    assert.equal(answer.kind, 'resolved', answer.sentence);
    assert.equal((await world.row()).state, state, 'the verdict stays');
    assert.deepEqual(await planOrder(world.deps, { orderId: 'lost' }), { kind: 'buy', purchaseId: 'lost#2' });
  });
}

const silent: [Settled, string, RawPurchaseReply][] = [
  ['bought', 'the same address', sold(ip)],
  ['wrong', 'the same address', sold(ip)],
  ['bought', 'nothing usable', answered('Bad gateway', 502)],
  ['bought', 'no answer', { kind: 'noAnswer', why: 'it broke' }],
  ['notBought', 'a refusal', refusal],
  ['notBought', 'nothing usable', answered('<html>')],
  ['refused', 'a refusal', answered('error|No IP available')],
];
for (const [state, what, reply] of silent) {
  test(`${what} after "${state}" is evidence and no contradiction`, async () => {
    const world = await createSettled(state);
    await tell(world, reply);
    assert.deepEqual((await world.row()).lateReply, reply);
    assert.equal(await caseOf(world), null);
    assert.deepEqual(world.told, []);
  });
}

test('a refusal after "bought" opens a case and takes nothing from the order', async () => {
  const world = await createSettled('bought');
  await tell(world, refusal);
  const sentence = (await caseOf(world))?.sentence ?? '';
  assert.match(
    sentence,
    /that nothing was sold: Insufficient balance\. Ask for 103\.181\.91\.7 at the supplier/,
  );
  assert.equal((await tenancyOf(world, ip)).state, 'bought');
  assert.deepEqual(await goodsOf(world), { state: 'delivered', purchaseId: 'lost#1' });
  assert.equal(world.told.length, 1);
});

test('a refusal that was known while the case was open is nothing new once a person has decided', async () => {
  const world = await createSettled('notBought', { state: 'case', settledAt: null });
  await tell(world, refusal);
  world.account.servers.set(ip, rightExpiry);
  const input = { purchaseId: 'lost#1', resolution: bought(ip), policy };
  assert.equal((await resolvePurchase(world.deps, input)).kind, 'resolved');
  assert.equal((await world.row()).state, 'bought');
  assert.deepEqual([(await caseOf(world))?.kind, world.told], ['unknown', []]);
});

test('a sale that is told after a person said "not bought" opens the case again, with what was said then', async () => {
  const world = await createSettled('notBought', { state: 'case', settledAt: null });
  const said = { outcome: 'notBought', acceptMismatch: true, by: 'the night shift', reason: null } as const;
  await resolvePurchase(world.deps, { purchaseId: 'lost#1', resolution: said, policy });
  await tell(world, sold(late));
  const opened = await caseOf(world);
  assert.deepEqual(
    [opened?.kind, opened?.resolution, opened?.earlier?.by],
    ['contradicted', null, 'the night shift'],
  );
  assert.equal((await tenancyOf(world, late)).state, 'held');
  world.account.servers.set(late, rightExpiry);
  const input = { purchaseId: 'lost#1', resolution: bought(late), policy };
  assert.equal((await resolvePurchase(world.deps, input)).kind, 'resolved');
  assert.equal((await tell(world, sold(late))).kind, 'notBought');
  assert.equal((await caseOf(world))?.resolution?.outcome, 'bought', 'it is not opened a third time');
});

test('a late sale of an address that another order has is named in the case and touches nobody', async () => {
  const world = await createSettled('notBought');
  await world.hold(late);
  const before = await world.db.servers.findOne({ _id: `smartvps:${late}` });
  await tell(world, sold(late));
  assert.match(
    (await caseOf(world))?.sentence ?? '',
    /30 was sold, which is already delivered for order other\.$/,
  );
  assert.deepEqual(await world.db.servers.findOne({ _id: `smartvps:${late}` }), before);
});

const bought = (address: string) =>
  ({ outcome: 'bought', ip: address, acceptMismatch: false, by: 'a keeper', reason: null }) as const;
const notBought = (acceptMismatch: boolean) =>
  ({ outcome: 'notBought', acceptMismatch, by: 'a keeper', reason: null }) as const;

const words: [string, Parameters<typeof resolvePurchase>[1]['resolution'], boolean, RegExp | null][] = [
  ['bought, and it is ours', bought(late), true, null],
  ['bought, and it is not ours', bought(late), false, /The supplier says that 103\.181\.91\.30 is not ours/],
  [
    'bought with another address',
    bought('103.181.91.9'),
    true,
    /The address in question is 103\.181\.91\.30/,
  ],
  ['not bought, and it is not ours', notBought(false), false, null],
  ['not bought, and it is ours', notBought(false), true, /30 is ours at the supplier\. Resolve it as bought/],
  ['not bought, knowingly', notBought(true), true, null],
];
for (const [what, resolution, isOurs, objection] of words) {
  test(`a contradiction, resolved as ${what}: ${objection ? 'refused' : 'settled, and the verdict stays'}`, async () => {
    const world = await createSettled('bought');
    await tell(world, sold(late));
    if (isOurs) world.account.servers.set(late, rightExpiry);
    const answer = await resolvePurchase(world.deps, { purchaseId: 'lost#1', resolution, policy });
    assert.equal(answer.kind, objection ? 'refused' : 'resolved', answer.sentence);
    if (objection) assert.match(answer.sentence, objection);
    const { resolution: decided } = (await caseOf(world)) ?? {};
    assert.equal(decided?.outcome ?? null, objection ? null : resolution.outcome);
    const row = await world.row();
    assert.deepEqual([row.state, row.ip], ['bought', ip]);
    assert.equal((await tenancyOf(world, ip)).state, 'bought');
  });
}

test('the server of a late sale is stranded under its own address, and the one that the order has stays', async () => {
  const world = await createSettled('bought');
  const goods = { state: 'buying', purchaseId: 'lost#1' } as const;
  await world.db.orders.updateOne({ _id: 'lost' }, { $set: { goods, status: 'preparing' } });
  await tell(world, sold(late));
  const wiped: string[] = [];
  const call = async ({ ip: address }: { ip: string }) => {
    assert.equal((await tenancyOf(world, address)).state, 'changing', 'no call without the move');
    wiped.push(address);
  };
  const supplier = { ...world.account.supplier, stop: call, format: call };
  const deps = { ...world.deps, supplierOf: () => supplier };
  const own = await strandServer(deps, { purchaseId: 'lost#1', ip });
  assert.equal(own.kind, 'refused', own.sentence);
  const stranded = await strandServer(deps, { purchaseId: 'lost#1', ip: late });
  assert.equal(stranded.kind, 'stranded', stranded.sentence);
  assert.deepEqual(wiped, [late, late]);
  assert.equal((await tenancyOf(world, late)).state, 'stranded');
  assert.equal((await tenancyOf(world, ip)).state, 'bought');
  assert.deepEqual(await goodsOf(world), goods, 'its order goes on to its delivery');
});

test('a late sale is accounted for whatever write it crashes before or after', async () => {
  for (const state of ['bought', 'notBought'] as const) {
    const whole = await createSettled(state);
    const counted = createFaultyCollections(whole.db, null);
    await tell(whole, sold(late), { ...whole.deps, db: counted.db });
    let stored = 0;
    for (let write = 1; write <= counted.writes(); write += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = await createSettled(state);
        const faulty = createFaultyCollections(world.db, { write, when, kind: 'crash' });
        const first = tell(world, sold(late), { ...world.deps, db: faulty.db });
        assert.equal(await Promise.race([first, faulty.crashed]), 'crashed');
        // Stored nowhere, the answer is lost with the run that heard it.
        if ((await world.row()).lateReply === null) continue;
        stored += 1;
        await planOrder(world.deps, { orderId: 'lost' });
        const where = `${state}: crash ${when} write ${write}`;
        assert.equal((await tenancyOf(world, late)).state, 'held', where);
        assert.equal((await caseOf(world))?.kind, 'contradicted', where);
        assert.equal((await world.row()).state, state, where);
      }
    }
    assert.ok(stored >= 5, `${state}: ${stored} crashes after the answer was stored`);
  }
});

test('an answer of another address that was stored while its purchase was settled by asking is a contradiction, too', async () => {
  const world = await createSettled('bought', { reply: sold(late) });
  await planOrder(world.deps, { orderId: 'lost' });
  assert.equal((await caseOf(world))?.kind, 'contradicted');
  assert.equal((await tenancyOf(world, late)).state, 'held');
});

test('a run whose purchase was settled as not bought meanwhile answers so, and what it bought is held', async () => {
  const world = await createEvidenceWorld({ purchase: { _id: 'other#9' } });
  const { db, deps, clock } = world;
  const order = await db.orders.findOne({ _id: 'lost' });
  assert.ok(order);
  await db.orders.updateOne({ _id: 'lost' }, { $set: { goods: { state: 'none' } } });
  await db.openPurchases.updateOne({ _id: 'smartvps:103.181.91' }, { $set: { purchaseId: null } });
  let calls = 0;
  const sendPurchase = async () => {
    calls += 1;
    const set = { state: 'notBought', why: 'Judged.', settledAt: clock.now() } as const;
    await db.purchases.updateOne({ _id: 'lost#1' }, { $set: set });
    return sold(late);
  };
  const outcome = await buyOnce(
    { ...deps, sendPurchase, log: { warn: () => undefined } },
    {
      order,
      packageName: '103.181.91',
      purchaseId: 'lost#1',
      fencingNumber: 100,
      stockBefore: 40,
      stockAllBefore: null,
      policy: { ...policy, purchaseTries: 3 },
    },
  );
  assert.deepEqual([outcome.kind, calls], ['notBought', 1]);
  assert.equal((await tenancyOf(world, late)).state, 'held');
  assert.equal((await caseOf(world))?.kind, 'contradicted');
});

test('an address whose old tenancy has ended is held for a late sale, with its history', async () => {
  const world = await createSettled('refused');
  const old = aTenancy({ purchaseId: 'old#1', orderId: 'old', state: 'retired' });
  await world.db.servers.insertOne({
    _id: `smartvps:${late}`,
    supplier: 'smartvps',
    ip: late,
    tenancy: old,
    history: [],
  });
  await tell(world, sold(late));
  const server = await world.db.servers.findOne({ _id: `smartvps:${late}` });
  assert.deepEqual([server?.tenancy.state, server?.history], ['held', [old]]);
});
