import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettlingEvidence } from '../../src/domain/purchase-rules.ts';
import { longestSettlingMs } from '../../src/domain/settling-limits.ts';
import { gatherEvidence } from '../../src/purchases/gather-evidence.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { aPurchase } from '../support/builders.ts';
import { createEvidenceWorld, type EvidenceWorld, policy, rightExpiry, sentAt } from './evidence-world.ts';

async function gather(world: EvidenceWorld, changes: Partial<typeof policy> = {}): Promise<SettlingEvidence> {
  const deps = { ...world.deps, supplier: world.account.supplier };
  return gatherEvidence(deps, { row: await world.row(), policy: { ...policy, ...changes } });
}

const neighbours = { packageKey: '103.182.44', packageName: '103.182.44' };

function candidatesOf({ probes }: SettlingEvidence): string[] {
  assert.equal(probes.kind, 'probed');
  return probes.kind === 'probed' ? probes.candidates.map(({ ip }) => ip) : [];
}

const other = (changes: Partial<PurchaseDocument> & { _id: string }) =>
  aPurchase({ state: 'bought', stockBefore: 30, sentAt, settledAt: sentAt, ...changes });

test('every address of the package is asked for, and what is ours is a candidate with its expiry', async () => {
  const world = await createEvidenceWorld();
  world.account.servers.set('103.181.91.7', rightExpiry).set('103.182.44.7', rightExpiry);
  const evidence = await gather(world);
  assert.deepEqual(evidence.probes, {
    kind: 'probed',
    asked: 256,
    unanswered: 0,
    candidates: [{ ip: '103.181.91.7', expiresOn: rightExpiry }],
  });
  assert.equal(new Set(world.account.probes.map(({ ip }) => ip)).size, 256);
});

test('addresses that are foreign, held, delivered, stranded or changing are not asked for', async () => {
  const world = await createEvidenceWorld();
  const states = ['foreign', 'held', 'delivered', 'stranded', 'changing', 'bought'] as const;
  for (const [index, state] of states.entries()) {
    const ip = `103.181.91.${index + 1}`;
    world.account.servers.set(ip, rightExpiry);
    await world.hold(ip, { state, ...(state === 'foreign' ? { purchaseId: null, expiresAt: null } : {}) });
  }
  const evidence = await gather(world);
  assert.deepEqual(candidatesOf(evidence), []);
  assert.equal(world.account.probes.length, 256 - states.length);
});

test('an address whose old tenancy is retired or expired comes back, and so does one of this very purchase', async () => {
  const world = await createEvidenceWorld();
  const ips = ['103.181.91.1', '103.181.91.2', '103.181.91.3'];
  for (const ip of ips) world.account.servers.set(ip, rightExpiry);
  await world.hold('103.181.91.1', { state: 'retired' });
  await world.hold('103.181.91.2', { expiresAt: '2026-11-21T09:59:59.000Z' });
  await world.hold('103.181.91.3', { state: 'bought', purchaseId: 'lost#1', orderId: 'lost' });
  assert.deepEqual(candidatesOf(await gather(world)), ips);
});

test('nobody is asked while the older servers are not known', async () => {
  const world = await createEvidenceWorld({ foreignKnown: false });
  const evidence = await gather(world);
  assert.equal(evidence.foreignKnown, false);
  assert.deepEqual(world.account.probes, []);
});

test('a pool above the limit is not asked at all, one at the limit is', async () => {
  const world = await createEvidenceWorld();
  assert.deepEqual((await gather(world, { settleProbesMax: 255 })).probes, {
    kind: 'tooLarge',
    poolSize: 256,
  });
  assert.deepEqual(world.account.probes, []);
  assert.equal((await gather(world, { settleProbesMax: 256 })).probes.kind, 'probed');
});

test('a package that was renamed to what names no addresses has no pool', async () => {
  const world = await createEvidenceWorld({ purchase: { packageName: 'Diamond Pro' } });
  assert.deepEqual((await gather(world)).probes, { kind: 'noPool' });
});

test('probes keep to the pace: never more of them in a second than the policy says', async () => {
  const world = await createEvidenceWorld();
  await gather(world, { settleProbesPerSecond: 10 });
  const times = world.account.probes.map(({ at }) => Date.parse(at));
  for (const [index, time] of times.entries()) {
    const tenLater = times[index + 10];
    if (tenLater !== undefined) assert.ok(tenLater - time >= 1_000, `${index}: ${tenLater - time} ms`);
  }
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) >= 25_500);
});

test('slow answers do not slow the pace, and only so many are asked for at once', async () => {
  const world = await createEvidenceWorld();
  let running = 0;
  let most = 0;
  world.account.onProbe = async () => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    running -= 1;
  };
  const { probes } = await gather(world);
  assert.equal(probes.kind === 'probed' && probes.asked, 256);
  assert.ok(most > 1 && most <= 24, `${most} at once`);
});

test('what did not answer is asked once more, and counts only if it stays silent', async () => {
  const world = await createEvidenceWorld();
  world.account.servers.set('103.181.91.9', rightExpiry);
  world.account.silent.set('103.181.91.9', 1).set('103.181.91.10', 1);
  assert.deepEqual(candidatesOf(await gather(world)), ['103.181.91.9']);
  world.account.silent.set('103.181.91.10', 2);
  const { probes } = await gather(world);
  assert.equal(probes.kind === 'probed' && probes.unanswered, 1);
});

test('a supplier that hangs is not asked hundreds of times: the rest counts as unanswered', async () => {
  const world = await createEvidenceWorld();
  for (let last = 0; last < 256; last += 1) world.account.silent.set(`103.181.91.${last}`, 9);
  const { probes } = await gather(world);
  assert.equal(probes.kind, 'probed');
  assert.equal(probes.kind === 'probed' && probes.unanswered, 256);
  assert.ok(world.account.probes.length <= 60, `${world.account.probes.length} probes`);
});

test('an error that is no answer of the supplier is thrown, for the activity to try again', async () => {
  const world = await createEvidenceWorld();
  world.account.onProbe = async () => {
    throw new TypeError('a bug');
  };
  await assert.rejects(gather(world), { name: 'TypeError', message: 'a bug' });
});

test('rivals are purchases with an overlapping pool that are open, a case, or were sent in the window', async () => {
  const world = await createEvidenceWorld();
  const wide = { packageKey: '103.181', packageName: '103.181' };
  const apart = { packageKey: '103.182.44', packageName: '103.182.44' };
  const longAgo = '2026-10-01T00:00:00.000Z';
  const after = '2026-11-21T10:03:00.000Z';
  const afterTheWindow = '2026-11-21T10:30:00.000Z';
  const rows = [
    other({ _id: 'open#1', state: 'sent', sentAt: longAgo, ...wide }),
    other({ _id: 'unknown#1', state: 'unknown', sentAt: longAgo, ...wide }),
    other({ _id: 'case#1', state: 'case', sentAt: longAgo }),
    other({ _id: 'window#1', sentAt: after, ...wide }),
    other({ _id: 'too-late#1', sentAt: afterTheWindow, ...wide }),
    other({ _id: 'long-over#1', sentAt: longAgo, ...wide }),
    other({ _id: 'apart#1', state: 'unknown', sentAt: after, ...apart }),
    other({ _id: 'intended#1', state: 'intended', sentAt: null, intendedAt: longAgo }),
    other({ _id: 'elsewhere#1', state: 'unknown', supplier: 'hostycare' }),
  ];
  for (const row of rows) await world.db.purchases.insertOne(row);
  const { rivals } = await gather(world);
  assert.deepEqual(rivals.sort(), ['case#1', 'open#1', 'unknown#1', 'window#1']);
});

test('an undecided purchase of a nearly empty package is a rival wherever its own pool is', async () => {
  const elsewhere = { packageKey: '103.182.44', packageName: '103.182.44', state: 'case' } as const;
  const before = (available: number) => [{ packageId: 'id-103.181.91', name: '103.181.91', available }];
  const early = '2026-11-21T09:00:00.000Z';
  const atOnce = '2026-11-21T09:58:00.000Z';
  const lookOf = async (changes: Partial<PurchaseDocument>) => {
    const world = await createEvidenceWorld();
    await world.db.purchases.insertOne(other({ _id: 'stray#1', ...elsewhere, ...changes }));
    return (await gather(world)).rivals;
  };
  const rival = ['stray#1'];
  assert.deepEqual(await lookOf({ sentAt: atOnce, stockBefore: 2, stockAllBefore: before(40) }), rival);
  assert.deepEqual(await lookOf({ sentAt: early, stockBefore: 2, stockAllBefore: before(41) }), rival);
  assert.deepEqual(await lookOf({ sentAt: early, stockBefore: 2, stockAllBefore: null }), rival);
  assert.deepEqual(await lookOf({ sentAt: early, stockBefore: null, stockAllBefore: before(41) }), rival);
  assert.deepEqual(await lookOf({ sentAt: early, stockBefore: 2, stockAllBefore: before(40) }), []);
  assert.deepEqual(await lookOf({ sentAt: atOnce, stockBefore: 6, stockAllBefore: before(41) }), []);
  assert.deepEqual(await lookOf({ sentAt: atOnce, stockBefore: 2, state: 'bought' }), []);
  const meanwhile = '2026-11-21T10:01:00.000Z';
  assert.deepEqual(await lookOf({ sentAt: meanwhile, stockBefore: 2, state: 'bought' }), []);
  assert.deepEqual(await lookOf({ sentAt: meanwhile, stockBefore: 2 }), rival);
  const muchLater = '2026-11-21T11:00:00.000Z';
  assert.deepEqual(await lookOf({ sentAt: muchLater, stockBefore: 2, stockAllBefore: null }), []);
});

test('the counter is alive where it moved at our last known sale of the package, and else stale', async () => {
  assert.equal((await gather(await createEvidenceWorld())).counterAlive, true);
  const stale = await createEvidenceWorld({ purchase: { stockBefore: 41 } });
  assert.equal((await gather(stale)).counterAlive, false);
  const unread = await createEvidenceWorld({ purchase: { stockBefore: null } });
  assert.equal((await gather(unread)).counterAlive, false);
  const first = await createEvidenceWorld({ purchase: { packageKey: 'never sold' } });
  assert.equal((await gather(first)).counterAlive, false);
});

test('only the last sale speaks for the counter', async () => {
  const world = await createEvidenceWorld();
  const at = '2026-11-20T12:00:00.000Z';
  const last = other({ _id: 'last#1', intendedAt: at, sentAt: at, settledAt: at, stockBefore: 40 });
  await world.db.purchases.insertOne(last);
  assert.equal((await gather(world)).counterAlive, false);
});

test('a count that fell elsewhere is told by name, unless sales that we know explain it', async () => {
  const world = await createEvidenceWorld();
  const [, neighbour] = world.account.stock;
  assert.ok(neighbour);
  assert.deepEqual((await gather(world)).stockAfter, { isOwnAsBefore: true, otherFalls: [] });
  neighbour.count -= 1;
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44']);
  await world.db.purchases.insertOne(other({ _id: 'known#1', ip: '103.182.44.7', ...neighbours }));
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, []);
  neighbour.count -= 1;
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44']);
  neighbour.count += 9;
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, []);
});

test('a purchase that went elsewhere explains the count of the package it took from, and not of the one asked for', async () => {
  for (const state of ['bought', 'wrong'] as const) {
    const world = await createEvidenceWorld();
    const [, neighbour] = world.account.stock;
    assert.ok(neighbour);
    neighbour.count -= 1;
    const stray = other({ _id: 'stray#1', state, ip: '103.183.9.7', ...neighbours });
    await world.db.purchases.insertOne(stray);
    assert.deepEqual(
      (await gather(world)).stockAfter?.otherFalls,
      ['103.182.44'],
      'it took of no package listed',
    );
    const asked = { packageKey: '103.184.13', packageName: '103.184.13' };
    await world.db.purchases.insertOne(other({ _id: 'came#1', state, ip: '103.182.44.7', ...asked }));
    assert.deepEqual((await gather(world)).stockAfter?.otherFalls, []);
  }
});

test('an address that several packages could hold explains only the one that was asked for', async () => {
  const world = await createEvidenceWorld();
  const wide = world.account.stock[2];
  assert.ok(wide);
  wide.count -= 1;
  const ip = '103.181.91.8';
  const elsewhere = { packageKey: '103.184.13', packageName: '103.184.13', state: 'wrong' } as const;
  await world.db.purchases.insertOne(other({ _id: 'stray#1', ip, ...elsewhere }));
  assert.deepEqual((await gather(world)).stockAfter, { isOwnAsBefore: true, otherFalls: ['103.181'] });
  const asked = { packageKey: '103.181', packageName: '103.181' };
  await world.db.purchases.insertOne(other({ _id: 'asked#1', ip, ...asked }));
  assert.deepEqual((await gather(world)).stockAfter, { isOwnAsBefore: true, otherFalls: [] });
});

const secondsAfter = (iso: string, seconds: number) =>
  new Date(Date.parse(iso) + seconds * 1_000).toISOString();

test('a sale that was under way while the stock was read explains the fall from the reading before it', async () => {
  const world = await createEvidenceWorld({ purchase: { stockReadFrom: secondsAfter(sentAt, -1) } });
  const [, neighbour] = world.account.stock;
  assert.ok(neighbour);
  neighbour.count = 19;
  const counts = (available: number) => [{ packageId: 'id-103.182.44', name: '103.182.44', available }];
  await world.db.purchases.insertOne(
    other({
      _id: 'under-way#1',
      ip: '103.182.44.7',
      sentAt: secondsAfter(sentAt, -20),
      settledAt: secondsAfter(sentAt, 20),
      stockReadFrom: secondsAfter(sentAt, -22),
      stockAllBefore: counts(20),
      ...neighbours,
    }),
  );
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, []);
  neighbour.count = 18;
  assert.deepEqual(
    (await gather(world)).stockAfter?.otherFalls,
    ['103.182.44'],
    'one more that nobody knows',
  );
  neighbour.count = 19;
  const change = { $set: { stockAllBefore: counts(19) } };
  await world.db.purchases.updateOne({ _id: 'under-way#1' }, change);
  assert.deepEqual(
    (await gather(world)).stockAfter?.otherFalls,
    ['103.182.44'],
    'it read 19 before its own sale',
  );
});

/** A world whose neighbour fell by one while a purchase of it is open, and what each reading of the stock does. */
async function createOpenWorld(onReading: (world: EvidenceWorld, reading: number) => Promise<void>) {
  const world = await createEvidenceWorld();
  const [, neighbour] = world.account.stock;
  assert.ok(neighbour);
  neighbour.count -= 1;
  await world.db.purchases.insertOne(other({ _id: 'open#1', ...neighbours, state: 'sent', settledAt: null }));
  const { readStock } = world.account.supplier;
  const readings: string[] = [];
  world.account.supplier.readStock = async () => {
    const reading = await readStock();
    readings.push(world.clock.now());
    await onReading(world, readings.length);
    return reading;
  };
  return { world, neighbour, readings };
}

const settleOpen = ({ db }: EvidenceWorld) =>
  db.purchases.updateOne(
    { _id: 'open#1' },
    { $set: { state: 'bought', ip: '103.182.44.7', settledAt: secondsAfter(sentAt, 60) } },
  );

test('a fall while another purchase is open is looked at again once that one is settled', async () => {
  const { world, readings } = await createOpenWorld(async (at, reading) => {
    if (reading === 1) await settleOpen(at);
  });
  assert.deepEqual((await gather(world)).stockAfter, { isOwnAsBefore: true, otherFalls: [] });
  assert.equal(readings.length, 2);
});

test('what is settled only once the stock was read does not explain that reading', async () => {
  const { world, neighbour, readings } = await createOpenWorld(async (at, reading) => {
    if (reading === 1) await settleOpen(at);
  });
  neighbour.count -= 1;
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44']);
  assert.equal(readings.length, 2);
});

test('packages are explained one by one: one whose sale is under way again by then was explained before', async () => {
  const { world, readings } = await createOpenWorld(async (at, reading) => {
    if (reading > 1) return;
    await settleOpen(at);
    const wide = at.account.stock[2];
    assert.ok(wide);
    wide.count -= 1;
  });
  assert.deepEqual((await gather(world)).stockAfter, { isOwnAsBefore: true, otherFalls: [] });
  assert.equal(readings.length, 2);
});

test('a package that was refilled between two readings proves nothing any more', async () => {
  const { world, neighbour } = await createOpenWorld(async (at, reading) => {
    if (reading > 1) return;
    neighbour.count += 1;
    await settleOpen(at);
  });
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44']);
});

test('an open purchase is waited for no longer than the longest purchase, and than the longest settling', async () => {
  const { world, readings } = await createOpenWorld(async () => undefined);
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44']);
  assert.equal(readings.length, 1);
  const waitedMs = () => Date.parse(world.clock.now()) - Date.parse(readings.at(-1) ?? '');
  assert.ok(waitedMs() >= policy.longestPurchaseMs && waitedMs() < policy.longestPurchaseMs + 1_000);
  await world.clock.sleep(longestSettlingMs(policy));
  await gather(world);
  assert.ok(waitedMs() < 1_000, `${waitedMs()} ms`);
});

test('nobody waits for an open purchase of the same package, nor where no count fell', async () => {
  const { world, neighbour, readings } = await createOpenWorld(async () => undefined);
  const own = { packageKey: '103.181.91', packageName: '103.181.91' };
  await world.db.purchases.updateOne({ _id: 'open#1' }, { $set: own });
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44']);
  await world.db.purchases.updateOne({ _id: 'open#1' }, { $set: neighbours });
  neighbour.count += 1;
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, []);
  assert.ok(Date.parse(world.clock.now()) - Date.parse(readings[0] ?? '') < 60_000);
});

test('a reading of the stock that broke off is asked for again', async () => {
  const { world, readings } = await createOpenWorld(async (at) => {
    await settleOpen(at);
  });
  world.account.stockIsDown = true;
  const { sleep } = world.deps;
  world.deps.sleep = async (ms) => {
    if (world.account.probes.length === 256 && ms === 250) world.account.stockIsDown = false;
    await sleep(ms);
  };
  assert.deepEqual((await gather(world)).stockAfter, { isOwnAsBefore: true, otherFalls: [] });
  assert.equal(readings.length, 2);
});

test('its own count is as before only where nothing but known sales moved it', async () => {
  const world = await createEvidenceWorld();
  const [own] = world.account.stock;
  assert.ok(own);
  own.count = 39;
  assert.equal((await gather(world)).stockAfter?.isOwnAsBefore, false, 'it fell');
  own.count = 45;
  assert.equal((await gather(world)).stockAfter?.isOwnAsBefore, false, 'a refill hides a sale');
  own.count = 39;
  await world.db.purchases.insertOne(other({ _id: 'next#1', ip: '103.181.91.8' }));
  assert.equal((await gather(world)).stockAfter?.isOwnAsBefore, true, 'one sale that we know');
});

test('packages are found again by their id, and one that is gone may have fallen', async () => {
  const world = await createEvidenceWorld();
  const [own, neighbour] = world.account.stock;
  assert.ok(own && neighbour);
  world.account.stock = [own];
  assert.deepEqual((await gather(world)).stockAfter?.otherFalls, ['103.182.44', '103.181']);
  world.account.stock = [neighbour];
  assert.equal((await gather(world)).stockAfter?.isOwnAsBefore, false);
});

test('a stock that could not be read before or afterwards is no evidence', async () => {
  const down = await createEvidenceWorld();
  down.account.stockIsDown = true;
  assert.equal((await gather(down)).stockAfter, null);
  const unread = await createEvidenceWorld({ purchase: { stockAllBefore: null } });
  assert.equal((await gather(unread)).stockAfter, null);
  const unlisted = await createEvidenceWorld({ purchase: { stockAllBefore: [] } });
  assert.equal((await gather(unlisted)).stockAfter, null);
});

test('the evidence is as old as its first question', async () => {
  const world = await createEvidenceWorld();
  const before = world.clock.now();
  const { now } = await gather(world);
  assert.equal(now, before);
  assert.ok(world.clock.now() > before);
});
