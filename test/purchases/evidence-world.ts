import assert from 'node:assert/strict';
import type { Collections } from '../../src/database.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { SettlePurchaseDependencies } from '../../src/purchases/settle-purchase.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import type { PackageStock, ServerStatus, Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';

export const policy = {
  longestPurchaseMs: 240_000,
  settleAfterMs: 30_000,
  notBoughtAfterMs: 180_000,
  lowStockWarning: 5,
  settleProbesMax: 1_024,
  settleProbesPerSecond: 10,
};
export const sentAt = '2026-11-21T10:00:00.000Z';
export const rightExpiry = '2026-12-21';
export const packageName = '103.181.91';

/** The supplier's side: what is on the account, what it counts, and which addresses it does not answer for. */
export interface FakeAccount {
  supplier: Supplier;
  /** Address to expiry (ISO date, or null where it shows none). */
  servers: Map<string, string | null>;
  stock: { name: string; count: number }[];
  /** Address to the number of times it still stays without an answer. */
  silent: Map<string, number>;
  stockIsDown: boolean;
  probes: { ip: string; at: string }[];
  onProbe: (ip: string) => Promise<void>;
}

/** One unknown purchase `lost#1`, sent for a package with 40 left, whose counter moved at the sale before. */
export interface EvidenceWorld {
  db: Collections;
  account: FakeAccount;
  clock: VirtualClock;
  deps: SettlePurchaseDependencies;
  row: () => Promise<PurchaseDocument>;
  /** Puts an address under somebody's tenancy. */
  hold: (ip: string, changes?: Partial<Tenancy>) => Promise<void>;
}

export async function createEvidenceWorld(
  input: { purchase?: Partial<PurchaseDocument>; foreignKnown?: boolean; db?: Collections } = {},
): Promise<EvidenceWorld> {
  const { purchase = {}, foreignKnown = true, db = createMemoryCollections() } = input;
  const clock = createVirtualClock(sentAt);
  const account = createFakeAccount(clock);
  const stockAllBefore = account.stock.map(countOf);
  const settledAt = '2026-11-20T10:01:00.000Z';
  const earlier = { intendedAt: '2026-11-20T10:00:00.000Z', sentAt: '2026-11-20T10:00:00.000Z', settledAt };
  await db.orders.insertOne(
    anOrder({ _id: 'lost', goods: { state: 'buying', purchaseId: 'lost#1' }, status: 'provisioning' }),
  );
  await db.purchases.insertOne(
    aPurchase({ _id: 'earlier#1', state: 'bought', ip: '103.181.91.1', stockBefore: 41, ...earlier }),
  );
  await db.purchases.insertOne(
    aPurchase({ _id: 'lost#1', state: 'unknown', sentAt, stockBefore: 40, stockAllBefore, ...purchase }),
  );
  await db.openPurchases.insertOne({ _id: 'smartvps:103.181.91', highest: 1, purchaseId: 'lost#1' });
  if (foreignKnown) await db.settings.insertOne({ _id: 'foreignServers', count: 0, at: sentAt, by: 'test' });
  return {
    db,
    account,
    clock,
    deps: {
      db,
      interpret: ({ reply }) => interpretPurchaseReply(reply),
      now: clock.now,
      sleep: clock.sleep,
      supplierOf: () => account.supplier,
    },
    row: async () => {
      const row = await db.purchases.findOne({ _id: 'lost#1' });
      assert.ok(row);
      return row;
    },
    async hold(ip, changes = {}) {
      const tenancy = aTenancy({ purchaseId: 'other#1', orderId: 'other', state: 'delivered', ...changes });
      await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
    },
  };
}

function createFakeAccount(clock: VirtualClock): FakeAccount {
  const account: FakeAccount = {
    servers: new Map(),
    stock: [
      { name: packageName, count: 40 },
      { name: '103.182.44', count: 20 },
      { name: '103.181', count: 90 },
    ],
    silent: new Map(),
    stockIsDown: false,
    probes: [],
    onProbe: async () => undefined,
    supplier: undefined as never,
  };
  const fail = () =>
    new SupplierError({ code: 'unreachable', action: 'ask', why: 'the connection broke', remedy: 'Wait.' });
  account.supplier = {
    async readStock() {
      if (account.stockIsDown) throw fail();
      const packages: PackageStock[] = account.stock.map((one) => ({ ...countOf(one), status: 'active' }));
      return { startedAt: clock.now(), readAt: clock.now(), packages, skipped: [] };
    },
    async readServer({ ip }: { ip: string }): Promise<ServerStatus> {
      account.probes.push({ ip, at: clock.now() });
      await account.onProbe(ip);
      const silentFor = account.silent.get(ip) ?? 0;
      if (silentFor > 0) {
        account.silent.set(ip, silentFor - 1);
        throw fail();
      }
      const expiresOn = account.servers.get(ip);
      if (expiresOn === undefined) return { kind: 'notOurs', why: 'IP not found in your account' };
      const words = { os: 'ubuntu', machineStatus: 'Active', powerStatus: 'on', actionStatus: '' };
      return { kind: 'server', ip, ...words, ...(expiresOn === null ? {} : { expiresOn }) };
    },
  } as unknown as Supplier;
  return account;
}

function countOf({ name, count }: { name: string; count: number }) {
  return { packageId: `id-${name}`, name, available: count };
}
