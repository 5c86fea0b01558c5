import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settlePurchase } from '../../src/purchases/settle-purchase.ts';
import { settleReply } from '../../src/purchases/settle-row.ts';
import { aPurchase } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createEvidenceWorld, type EvidenceWorld, policy, rightExpiry, sentAt } from './evidence-world.ts';
import { answered, sold } from './purchase-world.ts';

const settleAtMs = Date.parse(sentAt) + policy.longestPurchaseMs + policy.settleAfterMs;
const proofAtMs = Date.parse(sentAt) + policy.longestPurchaseMs + policy.notBoughtAfterMs;
const ip = '103.181.91.7';

const settle = (world: EvidenceWorld, deps = world.deps) =>
  settlePurchase(deps, { purchaseId: 'lost#1', asOwner: true, policy });

async function goodsOf({ db }: EvidenceWorld) {
  return (await db.orders.findOne({ _id: 'lost' }))?.goods;
}

async function assertFenceIsFree({ db }: EvidenceWorld): Promise<void> {
  assert.equal((await db.openPurchases.findOne({ _id: 'smartvps:103.181.91' }))?.purchaseId, null);
}

async function tenanciesOf({ db }: EvidenceWorld, purchaseId = 'lost#1') {
  const servers = await db.servers.find({}).toArray();
  return servers.filter(({ tenancy }) => tenancy.purchaseId === purchaseId).map((server) => server.ip);
}

const anotherCase = () =>
  aPurchase({ _id: 'rival#1', state: 'case', sentAt, packageKey: '103.181', packageName: '103.181' });

test('the one new address settles it as bought, with tenancy, free fence and goods that stay with it', async () => {
  const world = await createEvidenceWorld();
  world.account.servers.set(ip, rightExpiry);
  assert.deepEqual(await settle(world), { kind: 'bought', ip });
  const row = await world.row();
  assert.deepEqual([row.state, row.ip], ['bought', ip]);
  assert.match(row.why ?? '', /found by asking/);
  assert.deepEqual(await tenanciesOf(world), [ip]);
  assert.deepEqual(await goodsOf(world), { state: 'buying', purchaseId: 'lost#1' });
  await assertFenceIsFree(world);
});

test('a server that a customer may have renewed after its month is given to nobody: it is a case', async () => {
  const world = await createEvidenceWorld();
  world.account.servers.set(ip, rightExpiry);
  await world.hold(ip, { state: 'delivered', expiresAt: '2026-11-21T09:59:59.000Z' });
  const outcome = await settle(world);
  assert.ok(outcome.kind === 'case', outcome.kind);
  const doubt = `${ip} is ours, but order other was delivered with it, and its customer may have renewed it.`;
  assert.ok(outcome.sentence.endsWith(doubt), outcome.sentence);
  assert.deepEqual(await tenanciesOf(world), []);
  assert.deepEqual(await tenanciesOf(world, 'other#1'), [ip], 'it stays with its order');
});

test('nobody is asked before the longest purchase and the pause after it are over', async () => {
  const world = await createEvidenceWorld();
  world.account.servers.set(ip, rightExpiry);
  await settle(world);
  assert.ok(Date.parse(world.account.probes[0]?.at ?? '') >= settleAtMs);
});

test('nothing new is looked for once more after its time, and only then was nothing bought', async () => {
  const world = await createEvidenceWorld();
  assert.deepEqual(await settle(world), { kind: 'notBought' });
  const first = world.account.probes.filter(({ at }) => Date.parse(at) < proofAtMs);
  assert.equal(first.length, 256);
  assert.equal(world.account.probes.length, 512);
  assert.ok(Date.parse((await world.row()).settledAt ?? '') >= proofAtMs);
  assert.deepEqual(await goodsOf(world), { state: 'none' });
  assert.deepEqual(await tenanciesOf(world), []);
  await assertFenceIsFree(world);
});

test('an address that shows up between the two looks was bought', async () => {
  const world = await createEvidenceWorld();
  world.account.onProbe = async () => {
    if (world.account.probes.length === 256) world.account.servers.set(ip, rightExpiry);
  };
  assert.deepEqual(await settle(world), { kind: 'bought', ip });
});

const doubts: Record<string, (world: EvidenceWorld) => Promise<void> | void> = {
  'the older servers are not known': () => undefined,
  'two addresses are new': ({ account }) => {
    account.servers.set(ip, rightExpiry).set('103.181.91.8', rightExpiry);
  },
  'its expiry is another': ({ account }) => {
    account.servers.set(ip, '2027-01-21');
  },
  'an overlapping package has an open case': async ({ account, db }) => {
    account.servers.set(ip, rightExpiry);
    await db.purchases.insertOne(anotherCase());
  },
  'the supplier stays silent about an address': ({ account }) => {
    account.silent.set('103.181.91.200', 99);
  },
  'a count fell elsewhere': ({ account }) => {
    for (const one of account.stock) if (one.name === '103.182.44') one.count -= 1;
  },
  'its own count fell although nothing is there': ({ account }) => {
    for (const one of account.stock) if (one.name === '103.181.91') one.count -= 1;
  },
  'the stock cannot be read': ({ account }) => {
    account.stockIsDown = true;
  },
};

for (const [what, make] of Object.entries(doubts)) {
  test(`where ${what} it is a case: fence free, goods parked, nothing recorded as ours`, async () => {
    const world = await createEvidenceWorld({ foreignKnown: what !== 'the older servers are not known' });
    await make(world);
    const outcome = await settle(world);
    assert.equal(outcome.kind, 'case', JSON.stringify(outcome));
    const row = await world.row();
    assert.match(row.why ?? '', /^It is not known whether the supplier sold a server: .*Stock before: 40\./);
    const opened = await world.db.cases.findOne({ _id: 'lost#1' });
    assert.deepEqual([opened?.kind, opened?.sentence, opened?.resolution], ['unknown', row.why, null]);
    assert.deepEqual(await goodsOf(world), { state: 'parked', purchaseId: 'lost#1' });
    assert.deepEqual(await tenanciesOf(world), []);
    await assertFenceIsFree(world);
  });
}

test('a pool that is too large is a case at once, without a single question', async () => {
  const wide = { packageKey: '103.181', packageName: '103.181' };
  const world = await createEvidenceWorld({ purchase: wide });
  assert.equal((await settle(world)).kind, 'case');
  assert.deepEqual(world.account.probes, []);
  assert.ok(Date.parse(world.clock.now()) < proofAtMs);
});

test('nearly empty and nothing new: a case that says how many were left', async () => {
  const world = await createEvidenceWorld({ purchase: { stockBefore: 5 } });
  const outcome = await settle(world);
  assert.equal(outcome.kind, 'case');
  assert.match((await world.row()).why ?? '', /only 5 were left/);
});

test('who waits for it gathers no evidence, and makes it a case past the longest settling', async () => {
  const world = await createEvidenceWorld();
  world.account.servers.set(ip, rightExpiry);
  const outcome = await settlePurchase(world.deps, { purchaseId: 'lost#1', asOwner: false, policy });
  assert.equal(outcome.kind, 'case');
  assert.deepEqual(world.account.probes, []);
  assert.match((await world.row()).why ?? '', /owner did not settle it in time/);
});

test('an answer that comes while addresses are asked for is read first: its verdict stands', async () => {
  for (const [answer, state] of [
    [sold('103.181.91.30'), 'bought'],
    [answered('error|Insufficient balance'), 'refused'],
  ] as const) {
    const world = await createEvidenceWorld({ purchase: { state: 'sent' } });
    world.account.onProbe = async (asked) => {
      if (asked === '103.181.91.100')
        await world.db.purchases.updateOne({ _id: 'lost#1' }, { $set: { reply: answer } });
    };
    const outcome = await settle(world);
    assert.equal(outcome.kind, state);
    assert.deepEqual(await tenanciesOf(world), state === 'bought' ? ['103.181.91.30'] : []);
  }
});

test('an answer that was settled while addresses are asked for stands, whatever the evidence says', async () => {
  const world = await createEvidenceWorld({ purchase: { state: 'sent' } });
  world.account.servers.set(ip, rightExpiry);
  world.account.onProbe = async (asked) => {
    if (asked === '103.181.91.100')
      await settleReply(world.deps, { purchaseId: 'lost#1', reply: sold('103.181.91.30'), sentAt });
  };
  assert.deepEqual(await settle(world), { kind: 'bought', ip: '103.181.91.30' });
  assert.deepEqual(await tenanciesOf(world), ['103.181.91.30']);
});

test('a verdict that was there first wins; the later answer is kept beside it, and its server is accounted for', async () => {
  for (const found of [true, false]) {
    const world = await createEvidenceWorld();
    if (found) world.account.servers.set(ip, rightExpiry);
    const verdict = await settle(world);
    const reply = sold('103.181.91.30');
    await settleReply(world.deps, { purchaseId: 'lost#1', reply, sentAt });
    const row = await world.row();
    assert.deepEqual([row.state, row.lateReply], [verdict.kind, reply]);
    assert.deepEqual((await tenanciesOf(world)).sort(), ['103.181.91.30', ...(found ? [ip] : [])]);
  }
});

test('a purchase that went back to intended while addresses are asked for keeps no verdict about its first sending', async () => {
  const world = await createEvidenceWorld();
  world.account.onProbe = async (asked) => {
    if (asked === '103.181.91.100')
      await world.db.purchases.updateOne({ _id: 'lost#1' }, { $set: { state: 'intended', sentAt: null } });
  };
  assert.equal((await settle(world)).kind, 'notSent');
  assert.equal((await world.row()).state, 'intended');
});

test('a verdict that another settler writes at the last moment stands, and so does an answer', async () => {
  const changes = [
    { state: 'case', why: 'Its owner did not settle it in time.' },
    { reply: answered('error|Insufficient balance') },
  ] as const;
  for (const change of changes) {
    const world = await createEvidenceWorld();
    const { purchases } = world.db;
    let isFirst = true;
    const updateOne: typeof purchases.updateOne = async (filter, update) => {
      if (isFirst) await purchases.updateOne({ _id: 'lost#1' }, { $set: change });
      isFirst = false;
      return purchases.updateOne(filter, update);
    };
    const late = new Proxy(purchases, {
      get: (target, name) => (name === 'updateOne' ? updateOne : Reflect.get(target, name)),
    });
    const outcome = await settle(world, { ...world.deps, db: { ...world.db, purchases: late } });
    assert.equal(outcome.kind, 'state' in change ? 'case' : 'refused');
  }
});

test('two settlers at once come to one verdict, one tenancy and one case', async () => {
  for (const make of [
    ({ account }: EvidenceWorld) => account.servers.set(ip, rightExpiry),
    () => undefined,
    ({ account }: EvidenceWorld) => account.servers.set(ip, null),
  ]) {
    const world = await createEvidenceWorld();
    make(world);
    const [one, two] = await Promise.all([settle(world), settle(world)]);
    assert.deepEqual(one, two);
    assert.equal((await tenanciesOf(world)).length, one.kind === 'bought' ? 1 : 0);
    assert.equal((await world.db.cases.find({}).toArray()).length, one.kind === 'case' ? 1 : 0);
    await assertFenceIsFree(world);
  }
});

const ends = { bought: rightExpiry, notBought: undefined, case: null } as const;

for (const [end, expiry] of Object.entries(ends)) {
  test(`settling that ends as "${end}" survives a crash before and after each of its writes`, async () => {
    const create = async () => {
      const world = await createEvidenceWorld();
      if (expiry !== undefined) world.account.servers.set(ip, expiry);
      return world;
    };
    const whole = await create();
    const counted = createFaultyCollections(whole.db, null);
    assert.equal((await settle(whole, { ...whole.deps, db: counted.db })).kind, end);
    assert.ok(counted.writes() >= 3, `${counted.writes()} writes`);
    for (let write = 1; write <= counted.writes(); write += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = await create();
        const faulty = createFaultyCollections(world.db, { write, when, kind: 'crash' });
        const first = settle(world, { ...world.deps, db: faulty.db });
        assert.equal(await Promise.race([first, faulty.crashed]), 'crashed');
        const again = await settle(world);
        assert.equal(again.kind, end, `crash ${when} write ${write}`);
        assert.equal((await world.row()).state, end);
        assert.deepEqual(await tenanciesOf(world), end === 'bought' ? [ip] : []);
        await assertFenceIsFree(world);
        const goods = { bought: 'buying', notBought: 'none', case: 'parked' }[end];
        assert.equal((await goodsOf(world))?.state, goods);
      }
    }
  });
}
