import assert from 'node:assert/strict';
import type { Collections } from '../../src/database.ts';
import type { PurchaseOutcome } from '../../src/domain/purchase-outcome.ts';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import { planOrder } from '../../src/orders/plan-order.ts';
import { type BuyOnceDependencies, buyOnce, NotSentYet } from '../../src/purchases/buy-once.ts';
import { settlePurchase } from '../../src/purchases/settle-purchase.ts';
import { settleReply } from '../../src/purchases/settle-row.ts';
import { verifyServer } from '../../src/servers/verify-server.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import type { Supplier } from '../../src/suppliers/supplier.ts';
import { anOrder, aPackage } from '../support/builders.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

export const policy = {
  longestPurchaseMs: 2_000,
  settleAfterMs: 500,
  notBoughtAfterMs: 1_000,
  lowStockWarning: 5,
  settleProbesMax: 1_024,
  settleProbesPerSecond: 1_000,
  purchaseTries: 3,
};

/** Without the shop's older servers nothing is settled by evidence, so the supplier is never asked. */
export const silentSupplier = new Proxy({} as Supplier, {
  get: () => assert.fail('The supplier was asked although nothing is known of older servers.'),
});

export const sold = (ip: string): RawPurchaseReply => answered(`success|Congratulations. Your ip is: ${ip}`);

export function answered(body: string, httpStatus = 200): RawPurchaseReply {
  return { kind: 'answer', httpStatus, body, receivedAt: '2026-11-21T10:00:30.000Z' };
}

/** The supplier's own book: what was asked for under which purchaseId, and what it really sold. */
export interface SupplierBook {
  calls: { purchaseId: string; sold: string | null }[];
  salesOf: (purchaseId: string) => number;
}

export function createSupplierBook(): SupplierBook {
  const calls: SupplierBook['calls'] = [];
  const salesOf = (purchaseId: string) =>
    calls.filter((call) => call.purchaseId === purchaseId && call.sold !== null).length;
  return { calls, salesOf };
}

/** What the supplier does with one call: sells `sells` (or nothing), and answers `reply`. */
export interface Behaviour {
  reply: RawPurchaseReply;
  sells: string | null;
}

interface Clock {
  now: () => string;
  sleep: (ms: number) => Promise<void>;
}

/** One order, as its workflow drives it. */
export interface PurchaseWorld {
  orderId: string;
  packageKey: string;
  db: Collections;
  clock: Clock;
  book: SupplierBook;
  /** One purchase activity, with the caller's database; `grant` rises by itself. */
  buy: (input: { purchaseId: string; db?: Collections; grant?: number }) => Promise<PurchaseOutcome>;
  /** Goes on as `provisionOrder` does until the order is bought, failed or a case. */
  run: (input?: { db?: Collections }) => Promise<string>;
}

let grants = Date.parse('2026-11-21T10:00:00.000Z');

/** Rises over all worlds of a test file, as a lock's fencing numbers do. */
export function nextGrant(): number {
  grants += 1;
  return grants;
}

/** Inserts order and package (one of its own, unless named); `behave` tells what the supplier does at a call (from 1). */
export async function createPurchaseWorld(input: {
  db: Collections;
  name: string;
  packageKey?: string;
  clock?: Clock;
  book?: SupplierBook;
  policy?: typeof policy;
  behave: (call: number, purchaseId: string) => Behaviour | Promise<Behaviour>;
}): Promise<PurchaseWorld> {
  const { db, name: orderId, packageKey = `103.181.91 ${input.name}` } = input;
  const { clock = createVirtualClock(), book = createSupplierBook() } = input;
  const limits = input.policy ?? policy;
  const name = '103.181.91';
  await db.packages.insertOne(aPackage({ packageKey, name })).catch(() => undefined);
  await db.orders.insertOne(anOrder({ _id: orderId, packageKey }));
  const interpret: BuyOnceDependencies['interpret'] = ({ reply }) => interpretPurchaseReply(reply);
  const settling = (own: Collections) => ({
    db: own,
    interpret,
    now: clock.now,
    sleep: clock.sleep,
    supplierOf: () => silentSupplier,
  });

  const buy: PurchaseWorld['buy'] = async ({ purchaseId, db: own = db, grant = nextGrant() }) => {
    const order = await own.orders.findOne({ _id: orderId });
    assert.ok(order);
    const sendPurchase = async () => {
      const call: SupplierBook['calls'][number] = { purchaseId, sold: null };
      book.calls.push(call);
      const { reply, sells } = await input.behave(book.calls.length, purchaseId);
      call.sold = sells;
      return reply;
    };
    const deps = { ...settling(own), sendPurchase, log: { warn: () => undefined } };
    return buyOnce(deps, {
      order,
      packageName: name,
      purchaseId,
      fencingNumber: grant,
      stockBefore: 9,
      stockAllBefore: null,
      policy: limits,
    });
  };

  /** The activity as Temporal runs it: tried again where nothing reached the supplier. */
  async function buyWithTries(purchaseId: string, own: Collections): Promise<PurchaseOutcome> {
    const grant = nextGrant();
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        return await buy({ purchaseId, db: own, grant });
      } catch (error) {
        if (!(error instanceof NotSentYet)) throw error;
        await clock.sleep(1_000);
      }
    }
    assert.fail(`${purchaseId} was tried 20 times`);
  }

  const run: PurchaseWorld['run'] = async ({ db: own = db } = {}) => {
    const deps = settling(own);
    for (let steps = 0; steps < 60; steps += 1) {
      const step = await planOrder(deps, { orderId });
      if (step.kind === 'verify')
        return (await verifyServer(deps, { orderId, purchaseId: step.purchaseId })).kind;
      if (step.kind === 'case') return 'case';
      if (step.kind !== 'buy' && step.kind !== 'settle') return step.kind;
      const { purchaseId } = step;
      let outcome =
        step.kind === 'buy'
          ? await buyWithTries(purchaseId, own)
          : await settlePurchase(deps, { purchaseId, asOwner: true, policy: limits });
      if (outcome.kind === 'unstored') {
        const stored = await settleReply(deps, { purchaseId, reply: outcome.reply });
        assert.notEqual(stored.kind, 'open');
        outcome = stored as PurchaseOutcome;
      }
      if (outcome.kind === 'busy') {
        await settlePurchase(deps, { purchaseId: outcome.purchaseId, asOwner: false, policy: limits });
      }
      if (outcome.kind === 'refused' || outcome.kind === 'notSent') return outcome.kind;
    }
    assert.fail(`Order ${orderId} went round in circles.`);
  };
  return { orderId, packageKey, db, clock, book, buy, run };
}
