import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Collections } from '../../src/database.ts';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import { buyOnce, NotSentYet } from '../../src/purchases/buy-once.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { settlePurchase } from '../../src/purchases/settle-purchase.ts';
import { settleReply } from '../../src/purchases/settle-row.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';
import { answered, createPurchaseWorld, policy, silentSupplier, sold } from './purchase-world.ts';

const ip = '103.181.91.7';
const fenceId = 'smartvps:103.181.91';
const start = '2026-11-21T10:00:00.000Z';

interface Shop {
  db: Collections;
  clock: VirtualClock;
  calls: number[];
  deps: Parameters<typeof buyOnce>[0] & Parameters<typeof settlePurchase>[0];
  buy: (input?: { purchaseId?: string; grant?: number; stockBefore?: number }) => ReturnType<typeof buyOnce>;
  settle: (purchaseId?: string) => ReturnType<typeof settlePurchase>;
  row: (purchaseId?: string) => Promise<PurchaseDocument>;
}

/** Order `a` and its package; `answer` is what the supplier says. */
async function openShop(answer: RawPurchaseReply | (() => RawPurchaseReply) = sold(ip)): Promise<Shop> {
  const db = createMemoryCollections();
  const clock = createVirtualClock(start);
  const calls: number[] = [];
  await db.orders.insertOne(anOrder({ _id: 'a' }));
  const deps: Shop['deps'] = {
    db,
    now: clock.now,
    sleep: clock.sleep,
    interpret: ({ reply }) => interpretPurchaseReply(reply),
    supplierOf: () => silentSupplier,
    log: { warn: () => undefined },
    sendPurchase: async () => {
      calls.push(calls.length + 1);
      return typeof answer === 'function' ? answer() : answer;
    },
  };
  const row = async (purchaseId = 'a#1') => {
    const found = await db.purchases.findOne({ _id: purchaseId });
    assert.ok(found, purchaseId);
    return found;
  };
  return {
    db,
    clock,
    calls,
    deps,
    row,
    settle: (purchaseId = 'a#1') => settlePurchase(deps, { purchaseId, asOwner: true, policy }),
    async buy({ purchaseId = 'a#1', grant = 100, stockBefore = 9 } = {}) {
      const order = await db.orders.findOne({ _id: purchaseId.split('#')[0] ?? '' });
      assert.ok(order);
      const input = {
        order,
        packageName: '103.181.91',
        purchaseId,
        fencingNumber: grant,
        stockBefore,
        stockAllBefore: null,
        policy,
      };
      return buyOnce(deps, input);
    },
  };
}

async function goodsOf(db: Collections, orderId = 'a') {
  return (await db.orders.findOne({ _id: orderId }))?.goods;
}

test('a sale is stored raw, gets its tenancy with its cost and month, and frees the fence', async () => {
  const { db, buy, row, calls } = await openShop();
  assert.deepEqual(await buy(), { kind: 'bought', ip });
  assert.deepEqual(await buy(), { kind: 'bought', ip });
  assert.equal(calls.length, 1);
  const { state, reply, sentAt, stockBefore, fencingNumber } = await row();
  assert.deepEqual({ state, reply, sentAt }, { state: 'bought', reply: sold(ip), sentAt: start });
  assert.deepEqual({ stockBefore, fencingNumber }, { stockBefore: 9, fencingNumber: 100 });
  assert.deepEqual(await db.openPurchases.findOne({ _id: fenceId }), {
    _id: fenceId,
    highest: 100,
    purchaseId: null,
  });
  assert.deepEqual((await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy, {
    ...aTenancy({ purchaseId: 'a#1', orderId: 'a', since: start }),
    expiresAt: '2026-12-21T10:00:00.000Z',
    cause: 'Bought for order a (a#1).',
  });
  assert.deepEqual(await goodsOf(db), { state: 'buying', purchaseId: 'a#1' });
});

const unknowns: [string, RawPurchaseReply][] = [
  ['no answer', { kind: 'noAnswer', why: 'the connection broke' }],
  ['a 502', answered('Bad gateway', 502)],
  ['garbage', answered('<html>')],
  ['an error that is on no list', answered('error|Please try again')],
  ['a sale without an address', answered('success|Congratulations')],
  ['a sale with two addresses', answered(`success|Your ip is: ${ip} 103.181.91.8`)],
];
for (const [name, reply] of unknowns) {
  test(`${name} is unknown, becomes a case at its time and is never bought on top of`, async () => {
    const { db, buy, settle, row, calls, clock } = await openShop(reply);
    assert.equal((await buy()).kind, 'unknown');
    assert.equal((await buy()).kind, 'unknown');
    assert.equal((await row()).state, 'unknown');
    assert.equal((await db.openPurchases.findOne({ _id: fenceId }))?.purchaseId, 'a#1');
    const outcome = await settle();
    assert.equal(outcome.kind, 'case');
    assert.equal(
      Date.parse(clock.now()) - Date.parse(start),
      policy.longestPurchaseMs + policy.settleAfterMs,
    );
    assert.match(
      (await row()).why ?? '',
      /^It is not known whether the supplier sold a server: asked for 103\.181\.91 \(8 GB\)/,
    );
    assert.deepEqual(await goodsOf(db), { state: 'parked', purchaseId: 'a#1' });
    assert.equal((await db.openPurchases.findOne({ _id: fenceId }))?.purchaseId, null);
    assert.equal((await buy({ grant: 200 })).kind, 'case');
    assert.equal(calls.length, 1);
  });
}

test('a purchase that was sent without a stored reply is watched until its limit, then unknown', async () => {
  const { db, buy, row, calls, clock } = await openShop();
  await db.orders.updateOne({ _id: 'a' }, { $set: { goods: { state: 'buying', purchaseId: 'a#1' } } });
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'sent', sentAt: start }));
  const outcome = await buy();
  assert.deepEqual(outcome, {
    kind: 'unknown',
    why: 'The run that sent the purchase ended without storing an answer.',
    sentAt: start,
  });
  assert.equal(Date.parse(clock.now()) - Date.parse(start), policy.longestPurchaseMs);
  assert.equal((await row()).state, 'unknown');
  assert.equal(calls.length, 0);
});

test('a reply that arrives while the row is watched is answered', async () => {
  const { db, buy, deps, clock, calls } = await openShop();
  await db.orders.updateOne({ _id: 'a' }, { $set: { goods: { state: 'buying', purchaseId: 'a#1' } } });
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'sent', sentAt: start }));
  const sleep = deps.sleep;
  deps.sleep = async (ms) => {
    await sleep(ms);
    if (Date.parse(clock.now()) - Date.parse(start) === 1_000) {
      await db.purchases.updateOne({ _id: 'a#1' }, { $set: { reply: sold(ip) } });
    }
  };
  assert.deepEqual(await buy(), { kind: 'bought', ip });
  assert.equal(calls.length, 0);
});

test('a stored sale of an unknown row is settled, not made a case', async () => {
  const { db, settle, row } = await openShop();
  await db.orders.updateOne({ _id: 'a' }, { $set: { goods: { state: 'buying', purchaseId: 'a#1' } } });
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'unknown', sentAt: start, reply: sold(ip) }));
  assert.deepEqual(await settle(), { kind: 'bought', ip });
  assert.equal((await row()).state, 'bought');
});

test('a sale told after its purchase became a case keeps the case, and gets its tenancy', async () => {
  const { db, buy, settle, row, deps } = await openShop({ kind: 'noAnswer', why: 'it broke' });
  await buy();
  await settle();
  await db.purchases.updateOne({ _id: 'a#1' }, { $set: { reply: null } });
  for (let repeat = 0; repeat < 2; repeat += 1) {
    const outcome = await settleReply(deps, { purchaseId: 'a#1', reply: sold(ip) });
    assert.equal(outcome.kind, 'case');
    assert.match(
      outcome.kind === 'case' ? outcome.sentence : '',
      /An answer came after the verdict: 103\.181\.91\.7 was sold; it is kept for the order\.$/,
    );
  }
  const { state, reply, lateReply, ip: found } = await row();
  assert.deepEqual(
    { state, reply, lateReply, found },
    { state: 'case', reply: null, lateReply: sold(ip), found: ip },
  );
  const { tenancy } = (await db.servers.findOne({ _id: `smartvps:${ip}` })) ?? {};
  assert.deepEqual([tenancy?.state, tenancy?.purchaseId], ['bought', 'a#1']);
  assert.deepEqual(await goodsOf(db), { state: 'parked', purchaseId: 'a#1' });
});

test('a purchase that becomes a case while its sale is written stays a case, and the sale has its tenancy', async () => {
  const { db, buy, row } = await openShop();
  const { insertOne } = db.servers;
  db.servers.insertOne = (async (...args: Parameters<typeof insertOne>) => {
    await db.purchases.updateOne({ _id: 'a#1' }, { $set: { state: 'case', why: 'Too late.' } });
    return insertOne(...args);
  }) as typeof insertOne;
  const sentence = `Too late. An answer came after the verdict: ${ip} was sold; it is kept for the order.`;
  assert.deepEqual(await buy(), { kind: 'case', sentence });
  assert.deepEqual([(await row()).state, (await row()).ip], ['case', ip]);
  assert.equal((await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy.purchaseId, 'a#1');
});

test('a proof about one sending does not take back the next one that began meanwhile', async () => {
  const { db, deps, row } = await openShop();
  const reply = { kind: 'notSent', why: 'refused' } as const;
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'sent', sentAt: start }));
  const later = '2026-11-21T10:05:00.000Z';
  const interpret = deps.interpret;
  const { updateOne } = db.purchases;
  deps.interpret = (question) => {
    // Between reading the reply and acting on it, another run has gone back to intended and sent again.
    void updateOne({ _id: 'a#1' }, { $set: { sentAt: later, reply: null } });
    return interpret(question);
  };
  await settleReply(deps, { purchaseId: 'a#1', reply, sentAt: start });
  assert.deepEqual([(await row()).state, (await row()).sentAt], ['sent', later]);
});

test('a late sale of an address that is taken says so and touches nobody', async () => {
  const { db, buy, settle, row, deps } = await openShop({ kind: 'noAnswer', why: 'it broke' });
  const tenancy = aTenancy({ purchaseId: 'b#1', orderId: 'b', state: 'delivered' });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  await buy();
  await settle();
  assert.equal((await settleReply(deps, { purchaseId: 'a#1', reply: sold(ip) })).kind, 'case');
  assert.match(
    (await row()).why ?? '',
    /103\.181\.91\.7 was sold; which is already delivered for order b\.$/,
  );
  assert.deepEqual((await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy, tenancy);
});

test('a late refusal stays evidence', async () => {
  const { buy, settle, row, deps } = await openShop({ kind: 'noAnswer', why: 'it broke' });
  await buy();
  await settle();
  const refusal = answered('error|Insufficient balance');
  assert.equal((await settleReply(deps, { purchaseId: 'a#1', reply: refusal })).kind, 'case');
  const { state, lateReply } = await row();
  assert.deepEqual({ state, lateReply }, { state: 'case', lateReply: refusal });
});

test('an address of a living tenancy makes the purchase a case that names whose it is', async () => {
  const { db, buy, row } = await openShop();
  const tenancy = aTenancy({ purchaseId: 'b#1', orderId: 'b', state: 'delivered' });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  const sentence = 'The supplier answered with 103.181.91.7, which is already delivered for order b.';
  assert.deepEqual(await buy(), { kind: 'duplicate', ip, sentence });
  assert.equal((await row()).duplicate, true);
  assert.deepEqual(await goodsOf(db), { state: 'parked', purchaseId: 'a#1' });
  assert.deepEqual((await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy, tenancy);
});

test('a purchase that may be at the supplier keeps its fence: the next one is busy until its limit', async () => {
  const { db, buy, calls } = await openShop();
  await db.purchases.insertOne(aPurchase({ _id: 'b#1', state: 'sent', sentAt: start }));
  await db.openPurchases.insertOne({ _id: fenceId, highest: 50, purchaseId: 'b#1' });
  // 2 s to the end of the purchase, 0.5 s and 1 s until proof, and twice 1,024 questions at 1,000 a second.
  const until = '2026-11-21T10:00:05.548Z';
  assert.deepEqual(await buy(), { kind: 'busy', purchaseId: 'b#1', until });
  assert.equal(calls.length, 0);
});

test('a foreign purchase past its limit is made a case by whoever waits, and its order is parked', async () => {
  const { db, buy, settle } = await openShop();
  await db.orders.insertOne(anOrder({ _id: 'b', goods: { state: 'buying', purchaseId: 'b#1' } }));
  await db.purchases.insertOne(aPurchase({ _id: 'b#1', orderId: 'b', state: 'sent', sentAt: start }));
  await db.openPurchases.insertOne({ _id: fenceId, highest: 50, purchaseId: 'b#1' });
  assert.equal((await buy()).kind, 'busy');
  assert.equal((await settle('b#1')).kind, 'case');
  assert.deepEqual(await buy(), { kind: 'bought', ip });
  assert.deepEqual(await goodsOf(db, 'b'), { state: 'parked', purchaseId: 'b#1' });
});

test('a foreign purchase that was only intended is voided, and its order may buy again', async () => {
  const { db, buy, calls } = await openShop();
  await db.orders.insertOne(anOrder({ _id: 'b', goods: { state: 'buying', purchaseId: 'b#1' } }));
  await db.purchases.insertOne(aPurchase({ _id: 'b#1', orderId: 'b' }));
  await db.openPurchases.insertOne({ _id: fenceId, highest: 50, purchaseId: 'b#1' });
  assert.deepEqual(await buy(), { kind: 'bought', ip });
  assert.deepEqual(await goodsOf(db, 'b'), { state: 'none' });
  assert.deepEqual(await buy({ purchaseId: 'b#1', grant: 300 }), { kind: 'voided' });
  assert.equal(calls.length, 1);
});

test('a fencing number that is not the highest is a stale grant, and its own fence takes any number', async () => {
  const { db, buy, calls } = await openShop();
  await db.openPurchases.insertOne({ _id: fenceId, highest: 100, purchaseId: null });
  assert.deepEqual(await buy({ grant: 100 }), { kind: 'staleGrant' });
  assert.equal(calls.length, 0);
  await db.openPurchases.updateOne({ _id: fenceId }, { $set: { purchaseId: 'a#1' } });
  assert.deepEqual(await buy({ grant: 99 }), { kind: 'bought', ip });
  assert.equal((await db.openPurchases.findOne({ _id: fenceId }))?.highest, 100);
});

for (const state of ['bought', 'wrong', 'refused', 'notBought', 'void', 'case'] as const) {
  test(`a fence that a foreign purchase left as ${state} is taken over`, async () => {
    const { db, buy } = await openShop();
    await db.purchases.insertOne(aPurchase({ _id: 'b#1', orderId: 'b', state, ip: '103.181.91.9' }));
    await db.openPurchases.insertOne({ _id: fenceId, highest: 50, purchaseId: 'b#1' });
    assert.deepEqual(await buy(), { kind: 'bought', ip });
  });
}

test('a fence of a purchase that the ledger does not know is taken over', async () => {
  const { db, buy } = await openShop();
  await db.openPurchases.insertOne({ _id: fenceId, highest: 50, purchaseId: 'gone#1' });
  assert.deepEqual(await buy(), { kind: 'bought', ip });
});

test('nothing is called when more than 5 s have passed since the move to sent', async () => {
  const { db, buy, calls, clock, row } = await openShop();
  const { updateOne } = db.purchases;
  db.purchases.updateOne = (async (...args: Parameters<typeof updateOne>) => {
    const result = await updateOne(...args);
    if (JSON.stringify(args[1]).includes('"state":"sent"')) clock.advance(5_001);
    return result;
  }) as typeof updateOne;
  await assert.rejects(buy(), {
    name: 'NotSentYet',
    message: 'Try 1 of 3 did not reach the supplier: The machine paused between intent and call.',
  });
  assert.equal(calls.length, 0);
  const { state, sentAt, reply } = await row();
  assert.deepEqual({ state, sentAt, reply }, { state: 'intended', sentAt: null, reply: null });
});

test('what did not reach the supplier is tried purchaseTries times, and as often again by the next retry', async () => {
  for (const reply of [
    { kind: 'notSent', why: 'refused' } as const,
    answered('', 404),
    answered('slow down', 429),
  ]) {
    const { buy, calls, row } = await openShop(reply);
    for (let round = 1; round <= 2; round += 1) {
      await assert.rejects(buy(), NotSentYet);
      await assert.rejects(buy(), NotSentYet);
      const outcome = await buy();
      assert.equal(outcome.kind === 'notSent' && outcome.rejectedCredentials, false);
      assert.equal(outcome.kind, 'notSent');
      assert.equal((await row()).state, 'intended');
    }
    assert.equal(calls.length, 6);
  }
});

test('a rejected login is told at once', async () => {
  const { buy, calls } = await openShop(answered('', 401));
  const why = 'SmartVPS rejected our login (HTTP status 401)';
  assert.deepEqual(await buy(), { kind: 'notSent', why, rejectedCredentials: true });
  assert.equal(calls.length, 1);
});

test('a purchase that is sent again carries the stock that was read for this sending', async () => {
  const replies = [answered('', 404), sold(ip)];
  const { buy, row } = await openShop(() => replies.shift() ?? assert.fail('a third call'));
  await assert.rejects(buy({ stockBefore: 9 }), NotSentYet);
  assert.equal((await buy({ stockBefore: 4, grant: 101 })).kind, 'bought');
  assert.equal((await row()).stockBefore, 4);
});

test('an answer of an earlier sending changes nothing of a later one', async () => {
  const { db, deps, row } = await openShop();
  const later = '2026-11-21T10:05:00.000Z';
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'sent', sentAt: later }));
  const reply = { kind: 'notSent', why: 'refused' } as const;
  const outcome = await settleReply(deps, { purchaseId: 'a#1', reply, sentAt: start });
  assert.equal(outcome.kind, 'notSent');
  const { state, reply: stored, lateReply } = await row();
  assert.deepEqual({ state, stored, lateReply }, { state: 'sent', stored: null, lateReply: null });
});

/** From the call on, every write to the ledger fails. */
function loseLedgerAtCall({ db, deps }: Shop): { heal: () => void } {
  const { updateOne } = db.purchases;
  const send = deps.sendPurchase;
  deps.sendPurchase = async (request) => {
    db.purchases.updateOne = async () => assert.fail('the database is away');
    return send(request);
  };
  return {
    heal: () => {
      db.purchases.updateOne = updateOne;
    },
  };
}

test('a reply that cannot be stored comes back with the result, and storing it later settles it once', async () => {
  const shop = await openShop();
  const { heal } = loseLedgerAtCall(shop);
  assert.deepEqual(await shop.buy(), { kind: 'unstored', reply: sold(ip) });
  assert.ok(Date.parse(shop.clock.now()) - Date.parse(start) >= 10_000);
  assert.equal((await shop.row()).state, 'sent');
  heal();
  for (let repeat = 0; repeat < 2; repeat += 1) {
    const stored = await settleReply(shop.deps, { purchaseId: 'a#1', reply: sold(ip) });
    assert.deepEqual(stored, { kind: 'bought', ip });
  }
  assert.deepEqual((await shop.row()).lateReply, null);
});

test('a proof that nothing was sent is not carried about: stored late, it could take back a later sending', async () => {
  const shop = await openShop({ kind: 'notSent', why: 'refused' });
  loseLedgerAtCall(shop);
  await assert.rejects(shop.buy(), /the database is away/);
  assert.equal((await shop.row()).state, 'sent');
});

test('goods that still hold an earlier purchase are freed first', async () => {
  const { db, buy } = await openShop();
  await db.orders.updateOne({ _id: 'a' }, { $set: { goods: { state: 'buying', purchaseId: 'a#1' } } });
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'refused', settledAt: start }));
  assert.deepEqual(await buy({ purchaseId: 'a#2' }), { kind: 'bought', ip });
  assert.deepEqual(await goodsOf(db), { state: 'buying', purchaseId: 'a#2' });
});

for (const [state, why] of [
  ['bought', 'its goods are buying and its money is kept'],
  ['case', 'its goods are parked and its money is kept'],
] as const) {
  test(`nothing is bought on top of a purchase that is ${state}`, async () => {
    const { db, buy, calls } = await openShop();
    await db.orders.updateOne({ _id: 'a' }, { $set: { goods: { state: 'buying', purchaseId: 'a#1' } } });
    await db.purchases.insertOne(aPurchase({ _id: 'a#1', state, ip: '103.181.91.9' }));
    assert.deepEqual(await buy({ purchaseId: 'a#2' }), {
      kind: 'orderClosed',
      why: `Order a may not buy: ${why}.`,
    });
    assert.equal(await db.purchases.findOne({ _id: 'a#2' }), null);
    assert.equal(calls.length, 0);
  });
}

for (const money of ['unpaid', 'refunding', 'refunded'] as const) {
  test(`an order whose money is ${money} buys nothing and leaves no trace`, async () => {
    const { db, buy, calls } = await openShop();
    await db.orders.updateOne({ _id: 'a' }, { $set: { money } });
    assert.equal((await buy()).kind, 'orderClosed');
    assert.equal(await db.purchases.findOne({ _id: 'a#1' }), null);
    assert.equal(await db.openPurchases.findOne({ _id: fenceId }), null);
    assert.equal(calls.length, 0);
  });
}

test('settling a purchase that went back to intended says that nothing was sent', async () => {
  const { db, settle } = await openShop();
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', why: 'refused' }));
  assert.deepEqual(await settle(), { kind: 'notSent', why: 'refused', rejectedCredentials: false });
});

test('settling a purchase that does not exist is told as broken', async () => {
  const { settle } = await openShop();
  await assert.rejects(settle('a#9'), {
    name: 'BrokenRecord',
    message: 'Failed to read purchase a#9: the ledger has no such row.',
  });
});

test('a driven order ends bought with one call', async () => {
  const world = await createPurchaseWorld({
    db: createMemoryCollections(),
    name: 'driven',
    behave: () => ({ reply: sold(ip), sells: ip }),
  });
  assert.equal(await world.run(), 'right');
  assert.equal(world.book.calls.length, 1);
});
