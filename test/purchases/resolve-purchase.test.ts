import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PurchaseResolution, ResolutionAnswer } from '../../src/domain/purchase-resolution.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { resolvePurchase } from '../../src/purchases/resolve-purchase.ts';
import { settleReply } from '../../src/purchases/settle-row.ts';
import { aPurchase } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createEvidenceWorld, type EvidenceWorld, policy, rightExpiry, sentAt } from './evidence-world.ts';
import { sold } from './purchase-world.ts';

const ip = '103.181.91.7';
const who = { by: 'the night shift', reason: 'seen in the panel', acceptMismatch: false };
const bought = (changes: Partial<PurchaseResolution> & { ip?: string } = {}): PurchaseResolution =>
  ({ ...who, outcome: 'bought', ip, ...changes }) as PurchaseResolution;
const notBought = (changes: Partial<PurchaseResolution> = {}): PurchaseResolution =>
  ({ ...who, outcome: 'notBought', ...changes }) as PurchaseResolution;

/** A case whose time is over: absence would be proof by now. */
async function createCase(purchase: Partial<PurchaseDocument> = {}): Promise<EvidenceWorld> {
  const world = await createEvidenceWorld({ purchase: { state: 'case', why: 'Lost.', ...purchase } });
  world.clock.advance(3_600_000);
  return world;
}

const resolve = (world: EvidenceWorld, resolution: PurchaseResolution, deps = world.deps) =>
  resolvePurchase(deps, { purchaseId: 'lost#1', resolution, policy });

async function assertUntouched(world: EvidenceWorld, answer: ResolutionAnswer, why: RegExp): Promise<void> {
  assert.equal(answer.kind, 'refused', JSON.stringify(answer));
  assert.match(answer.sentence, why);
  assert.equal((await world.row()).state, 'case');
  assert.equal((await world.db.cases.findOne({ _id: 'lost#1' }))?.resolution, null);
  assert.equal((await world.db.orders.findOne({ _id: 'lost' }))?.goods.state, 'parked');
  assert.deepEqual(await tenanciesOf(world), []);
}

async function tenanciesOf({ db }: EvidenceWorld): Promise<string[]> {
  const servers = await db.servers.find({}).toArray();
  return servers.filter(({ tenancy }) => tenancy.purchaseId === 'lost#1').map((server) => server.ip);
}

test('bought, by a person who is right: tenancy, row and case say so, and the goods stay parked for the delivery', async () => {
  const world = await createCase();
  world.account.servers.set(ip, rightExpiry);
  const answer = await resolve(world, bought());
  const sentence = `Resolved as bought (${ip}) by the night shift: seen in the panel.`;
  assert.deepEqual(answer, { kind: 'resolved', sentence });
  const row = await world.row();
  assert.deepEqual([row.state, row.ip, row.why], ['bought', ip, sentence]);
  assert.deepEqual(await tenanciesOf(world), [ip]);
  const { resolution } = (await world.db.cases.findOne({ _id: 'lost#1' })) ?? {};
  assert.deepEqual(resolution, { ...who, outcome: 'bought', ip, at: resolution?.at });
  assert.equal((await world.db.orders.findOne({ _id: 'lost' }))?.goods.state, 'parked');
});

test('not bought, where the evidence says the same: the goods are free to buy again', async () => {
  const world = await createCase();
  assert.equal((await resolve(world, notBought())).kind, 'resolved');
  assert.equal((await world.row()).state, 'notBought');
  assert.deepEqual((await world.db.orders.findOne({ _id: 'lost' }))?.goods, { state: 'none' });
});

const wrongAddresses: Record<string, { ip: string; why: RegExp; make?: (world: EvidenceWorld) => unknown }> =
  {
    'no address': { ip: 'the third one', why: /"the third one" is no public IPv4 address/ },
    'a private address': { ip: '10.0.0.7', why: /no public IPv4/ },
    'an address with a leading zero': { ip: '103.181.91.07', why: /no public IPv4/ },
    'an address that is not ours': { ip, why: /The supplier says that 103\.181\.91\.7 is not ours/ },
    'an address nobody answers for': {
      ip,
      why: /could not be asked about 103\.181\.91\.7: the connection broke\. Try again/,
      make: ({ account }) => account.silent.set(ip, 9),
    },
    'a foreign address': {
      ip,
      why: /103\.181\.91\.7 is foreign for somebody else already/,
      make: async ({ account, hold }) => {
        account.servers.set(ip, rightExpiry);
        await hold(ip, { state: 'foreign', purchaseId: null, orderId: null, expiresAt: null });
      },
    },
    'an address of another order': {
      ip,
      why: /103\.181\.91\.7 is delivered for other already/,
      make: async ({ account, hold }) => {
        account.servers.set(ip, rightExpiry);
        await hold(ip);
      },
    },
  };

for (const [what, { ip: said, why, make }] of Object.entries(wrongAddresses)) {
  test(`bought with ${what} is refused with a sentence, and no "acceptMismatch" waives that`, async () => {
    for (const acceptMismatch of [false, true]) {
      const world = await createCase();
      await make?.(world);
      await assertUntouched(world, await resolve(world, bought({ ip: said, acceptMismatch })), why);
    }
  });
}

const mismatches: Record<string, { ip: string; why: RegExp; make: (world: EvidenceWorld) => unknown }> = {
  'of another package': {
    ip: '103.182.44.7',
    why: /does not belong to the package 103\.181\.91/,
    make: ({ account }) => account.servers.set('103.182.44.7', rightExpiry),
  },
  'with another expiry': {
    ip,
    why: /expires 2027-01-21, not one month after/,
    make: ({ account }) => account.servers.set(ip, '2027-01-21'),
  },
  'without an expiry': {
    ip,
    why: /expires at no readable date/,
    make: ({ account }) => account.servers.set(ip, null),
  },
  'that its customer may have renewed': {
    ip,
    why: /order other was delivered with it, and its customer may have renewed it/,
    make: async ({ account, hold }) => {
      account.servers.set(ip, rightExpiry);
      await hold(ip, { state: 'delivered', expiresAt: '2026-11-21T09:59:59.000Z' });
    },
  },
  'that a rival may have bought': {
    ip,
    why: /may belong to another purchase as well: rival#1/,
    make: async ({ account, db }) => {
      account.servers.set(ip, rightExpiry);
      await db.purchases.insertOne(aPurchase({ _id: 'rival#1', state: 'case', sentAt }));
    },
  },
};

for (const [what, { ip: said, why, make }] of Object.entries(mismatches)) {
  test(`an address ${what} is refused, and knowingly accepted with "acceptMismatch"`, async () => {
    const world = await createCase();
    await make(world);
    const answer = await resolve(world, bought({ ip: said }));
    await assertUntouched(world, answer, why);
    assert.match(answer.sentence, /Send "acceptMismatch": true/);
    assert.equal((await resolve(world, bought({ ip: said, acceptMismatch: true }))).kind, 'resolved');
    assert.deepEqual(await tenanciesOf(world), [said]);
    const { resolution } = (await world.db.cases.findOne({ _id: 'lost#1' })) ?? {};
    assert.equal(resolution?.acceptMismatch, true);
  });
}

const objections: Record<string, { why: RegExp; make: (world: EvidenceWorld) => unknown }> = {
  'a candidate exists': {
    why: /103\.181\.91\.7 was bought for it\. Send "acceptMismatch"/,
    make: ({ account }) => account.servers.set(ip, rightExpiry),
  },
  'a candidate has another expiry': {
    why: /103\.181\.91\.7 is ours but expires/,
    make: ({ account }) => account.servers.set(ip, '2027-01-21'),
  },
  'an address stays without an answer': {
    why: /did not answer for 1 of 256/,
    make: ({ account }) => account.silent.set(ip, 9),
  },
  'another count fell': {
    why: /other packages have fewer than before: 103\.182\.44/,
    make: ({ account }) => {
      for (const one of account.stock) if (one.name === '103.182.44') one.count -= 1;
    },
  },
};

for (const [what, { why, make }] of Object.entries(objections)) {
  test(`not bought is refused where ${what}, and knowingly accepted with "acceptMismatch"`, async () => {
    const world = await createCase();
    await make(world);
    await assertUntouched(world, await resolve(world, notBought()), why);
    assert.equal((await resolve(world, notBought({ acceptMismatch: true }))).kind, 'resolved');
    assert.equal((await world.row()).state, 'notBought');
  });
}

test('not bought before absence is proof is told when to ask again', async () => {
  const world = await createEvidenceWorld({ purchase: { state: 'case' } });
  const answer = await resolve(world, notBought());
  await assertUntouched(world, answer, /too early: ask again after 2026-11-21T10:07:00\.000Z/);
});

test('an answer that came after the case is never waived: it is resolved with that address or not at all', async () => {
  const world = await createCase();
  await settleReply(world.deps, { purchaseId: 'lost#1', reply: sold('103.181.91.30'), sentAt });
  world.account.servers.set(ip, rightExpiry).set('103.181.91.30', rightExpiry);
  for (const resolution of [bought({ acceptMismatch: true }), notBought({ acceptMismatch: true })]) {
    const answer = await resolve(world, resolution);
    assert.equal(answer.kind, 'refused');
    assert.match(answer.sentence, /An answer came later: 103\.181\.91\.30 was sold/);
  }
  assert.equal((await resolve(world, bought({ ip: '103.181.91.30' }))).kind, 'resolved');
  assert.deepEqual(await tenanciesOf(world), ['103.181.91.30']);
});

test('a purchase that is no case is not moved, and the answer says what it is', async () => {
  for (const state of ['intended', 'sent', 'unknown', 'void', 'refused', 'bought', 'wrong'] as const) {
    const world = await createCase({ state, ...(state === 'bought' ? { ip: '103.181.91.99' } : {}) });
    const answer = await resolve(world, bought());
    assert.equal(answer.kind, 'refused', state);
    assert.equal(answer.sentence, `Purchase lost#1 is ${state}, not a case: there is nothing to resolve.`);
    assert.equal((await world.row()).state, state);
    assert.deepEqual(await tenanciesOf(world), []);
  }
});

test('a purchase that does not exist is said to be so', async () => {
  const world = await createCase();
  const nothing = { purchaseId: 'nobody#1', resolution: bought(), policy };
  const answer = await resolvePurchase(world.deps, nothing);
  assert.deepEqual(answer, { kind: 'refused', sentence: 'There is no purchase nobody#1.' });
});

test('the first resolution wins: a repeat is told so, another one is refused with what was decided', async () => {
  const world = await createCase();
  world.account.servers.set(ip, rightExpiry);
  const first = await resolve(world, bought());
  assert.deepEqual(await resolve(world, bought({ by: 'somebody else' })), first);
  const second = await resolve(world, notBought({ acceptMismatch: true }));
  assert.equal(second.kind, 'refused');
  assert.match(
    second.sentence,
    /settled already\. Resolved as bought \(103\.181\.91\.7\) by the night shift/,
  );
  assert.equal((await world.row()).state, 'bought');
});

test('two contrary resolutions at once: one decides, the other is refused, and the ledger knows one truth', async () => {
  const orders = [
    [bought(), notBought({ acceptMismatch: true })],
    [notBought({ acceptMismatch: true }), bought()],
  ];
  for (const [one, two] of orders) {
    assert.ok(one && two);
    const world = await createCase();
    world.account.servers.set(ip, rightExpiry);
    const answers = await Promise.all([resolve(world, one), resolve(world, two)]);
    assert.deepEqual(answers.map(({ kind }) => kind).sort(), ['refused', 'resolved']);
    const row = await world.row();
    const { resolution } = (await world.db.cases.findOne({ _id: 'lost#1' })) ?? {};
    assert.equal(row.state, resolution?.outcome);
    assert.deepEqual(await tenanciesOf(world), row.state === 'bought' ? [ip] : []);
  }
});

test('an address that somebody takes between check and record is refused, and the case stays open for another word', async () => {
  const world = await createCase();
  world.account.servers.set(ip, rightExpiry);
  const { readServer } = world.account.supplier;
  world.account.supplier.readServer = async (request) => {
    const status = await readServer(request);
    await world.hold(ip);
    return status;
  };
  await assertUntouched(world, await resolve(world, bought()), /was taken meanwhile \(delivered\)/);
  assert.equal((await resolve(world, notBought({ acceptMismatch: true }))).kind, 'resolved');
});

for (const resolution of [bought(), notBought({ acceptMismatch: true })]) {
  test(`the resolution "${resolution.outcome}" survives a crash before and after each of its writes`, async () => {
    const create = async () => {
      const world = await createCase();
      world.account.servers.set(ip, rightExpiry);
      return world;
    };
    const whole = await create();
    const counted = createFaultyCollections(whole.db, null);
    assert.equal((await resolve(whole, resolution, { ...whole.deps, db: counted.db })).kind, 'resolved');
    for (let write = 1; write <= counted.writes(); write += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = await create();
        const faulty = createFaultyCollections(world.db, { write, when, kind: 'crash' });
        const first = resolve(world, resolution, { ...world.deps, db: faulty.db });
        assert.equal(await Promise.race([first, faulty.crashed]), 'crashed');
        const where = `crash ${when} write ${write}`;
        assert.equal((await resolve(world, resolution)).kind, 'resolved', where);
        assert.equal((await world.row()).state, resolution.outcome, where);
        const { resolution: said } = (await world.db.cases.findOne({ _id: 'lost#1' })) ?? {};
        assert.equal(said?.outcome, resolution.outcome, where);
        assert.deepEqual(await tenanciesOf(world), resolution.outcome === 'bought' ? [ip] : [], where);
        const goods = (await world.db.orders.findOne({ _id: 'lost' }))?.goods.state;
        assert.equal(goods, resolution.outcome === 'bought' ? 'parked' : 'none', where);
      }
    }
  });
}
