import {
  type Collection,
  type Db,
  MongoClient,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from 'mongodb';
import type { AuditDocument } from './audit/audit-document.ts';
import type { DiscountDocument } from './discounts/discount-document.ts';
import type { PackageDocument, ProductDocument } from './orders/catalogue.ts';
import type { OrderDocument } from './orders/order-document.ts';
import type { PaymentDocument } from './payments/payment-document.ts';
import type { RefundDocument } from './payments/refund-document.ts';
import type { CaseDocument } from './purchases/case-document.ts';
import type { FenceDocument, PurchaseDocument } from './purchases/purchase-document.ts';
import type { CredentialDocument } from './servers/credential-document.ts';
import type { ServerDocument } from './servers/server-document.ts';
import type { SettingDocument } from './servers/setting-document.ts';
import type { StockHistoryDocument } from './stock/stock-history.ts';

/** The shop's collections that the order's activities work on. */
export interface Collections {
  orders: Collection<OrderDocument>;
  products: Collection<ProductDocument>;
  packages: Collection<PackageDocument>;
  stockHistory: Collection<StockHistoryDocument>;
  purchases: Collection<PurchaseDocument>;
  openPurchases: Collection<FenceDocument>;
  servers: Collection<ServerDocument>;
  credentials: Collection<CredentialDocument>;
  payments: Collection<PaymentDocument>;
  refunds: Collection<RefundDocument>;
  discounts: Collection<DiscountDocument>;
  cases: Collection<CaseDocument>;
  settings: Collection<SettingDocument>;
  auditLog: Collection<AuditDocument>;
}

/** The typed collections of a database. */
export function collectionsOf(db: Db): Collections {
  return {
    orders: db.collection('orders'),
    products: db.collection('products'),
    packages: db.collection('packages'),
    stockHistory: db.collection('stockHistory'),
    purchases: db.collection('purchases'),
    openPurchases: db.collection('openPurchases'),
    servers: db.collection('servers'),
    credentials: db.collection('credentials'),
    payments: db.collection('payments'),
    refunds: db.collection('refunds'),
    discounts: db.collection('discounts'),
    cases: db.collection('cases'),
    settings: db.collection('settings'),
    auditLog: db.collection('auditLog'),
  };
}

/** What orders are listed by, newest first: each filter of a list is one of these, or none. */
const orderLists = [
  { status: 1 },
  { packageKey: 1 },
  { status: 1, packageKey: 1 },
  { status: 1, 'failure.code': 1 },
  { status: 1, 'failure.code': 1, packageKey: 1 },
  { 'customer.email': 1 },
] as const;

/** Makes the indexes that the lists of the collections need; safe to repeat, and to run in several processes. */
export async function prepareIndexes(
  db: Pick<
    Collections,
    'auditLog' | 'cases' | 'discounts' | 'orders' | 'payments' | 'purchases' | 'refunds' | 'servers'
  >,
): Promise<void> {
  // One by one: the embedded database breaks off a call that names two indexes which are there already.
  await db.auditLog.createIndex({ at: -1, _id: -1 });
  await db.auditLog.createIndex({ 'subject.id': 1, at: -1, _id: -1 });
  await db.orders.createIndex({ open: 1, _id: 1 });
  await db.orders.createIndex({ packageKey: 1, open: 1 });
  for (const fields of orderLists) await db.orders.createIndex({ ...fields, _id: -1 });
  await db.purchases.createIndex({ orderId: 1, number: 1 });
  await db.purchases.createIndex({ packageKey: 1, intendedAt: 1 });
  await db.cases.createIndex({ orderId: 1 });
  await db.orders.createIndex({ askGatewayAt: 1 });
  await db.orders.createIndex({ gatewayOrderId: 1 });
  await db.orders.createIndex({ 'freeMonthOf.orderId': 1 });
  await db.payments.createIndex({ orderId: 1 });
  await db.payments.createIndex({ owedBack: 1 });
  await db.payments.createIndex({ verdict: 1 });
  await db.purchases.createIndex({ packageKey: 1, sentAt: 1 });
  await db.refunds.createIndex({ orderId: 1 });
  await db.refunds.createIndex({ takenBackAt: 1 });
  await db.discounts.createIndex({ code: 1 }, { unique: true });
  await db.servers.createIndex({ 'tenancy.orderId': 1 });
  await db.servers.createIndex({ 'tenancy.state': 1, 'tenancy.expiresAt': -1, _id: -1 });
}

/** Makes the index that an order's page needs beside them, on a collection that no activity works on. */
export async function prepareSiteIndexes(db: Db): Promise<void> {
  await db.collection('notifications').createIndex({ orderId: 1, at: 1 });
}

/**
 * Opens MongoDB with majority writes, without waiting for it: a process may start while the database is away. Calls
 * give up after seconds rather than hang; whoever calls from an activity is retried by Temporal.
 */
export function openDatabase(input: { uri: string; name: string }): { client: MongoClient; db: Db } {
  const client = new MongoClient(input.uri, {
    serverSelectionTimeoutMS: 5_000,
    connectTimeoutMS: 5_000,
    socketTimeoutMS: 20_000,
    writeConcern: { w: 'majority' },
  });
  const watch = setInterval(() => freeStuckWrites(client), lookForStuckEveryMs).unref();
  client.on('topologyClosed', () => {
    if (!forgetClosedTopology(client)) clearInterval(watch);
  });
  return { client, db: client.db(input.name) };
}

/**
 * A driver whose first connection fails keeps what it has closed then, and refuses every later call with it, also once
 * the database is there (mongodb 7.7.0, `executeOperation`). Without it the next call connects anew.
 * @returns false where the client itself was closed: it has forgotten by then.
 */
function forgetClosedTopology(client: MongoClient): boolean {
  const inside = client as unknown as DriverInside;
  if (inside.topology === undefined) return false;
  inside.topology = undefined;
  return true;
}

const lookForStuckEveryMs = 1_000;

interface DriverConnection {
  closed: boolean;
  socket: { emit(event: 'drain'): void };
}
/** The parts of the driver's inside that are looked at; all of it may be missing in another version. */
interface DriverInside {
  topology?:
    | {
        s?: {
          servers?: ReadonlyMap<
            string,
            {
              monitor?: { connection?: DriverConnection | null } | null;
              pool?: { checkedOut?: Iterable<DriverConnection> };
            }
          >;
        };
      }
    | undefined;
}

/**
 * A driver that writes to a socket in the moment between its destruction and its close waits for a "drain" that never
 * comes (mongodb 7.7.0, `Connection.writeCommand`). Where that happens to the check of its monitor, which a crash of
 * the database makes likely, the process never finds the database again. Told to go on, it sees that the connection is
 * closed.
 */
function freeStuckWrites(client: MongoClient): void {
  const servers = (client as unknown as DriverInside).topology?.s?.servers;
  for (const { monitor, pool } of servers?.values() ?? []) {
    for (const connection of [monitor?.connection, ...(pool?.checkedOut ?? [])]) {
      if (connection?.closed) connection.socket.emit('drain');
    }
  }
}

/** MongoDB could not be reached: the caller answers 503 and is asked again. */
export class DatabaseUnavailable extends Error {
  readonly code = 'databaseUnavailable';
  override name = 'DatabaseUnavailable';
}

/** The last one is what calls get that waited beside a first connection which fails. */
const unreachable = [MongoServerSelectionError, MongoNetworkError, MongoTopologyClosedError] as const;

/** Runs `work`; an unreachable database becomes `DatabaseUnavailable`, everything else stays what it is. */
export async function withDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** Runs `prepare`, again and again while the database is away; whatever else goes wrong is thrown. */
export async function onceReached(prepare: () => Promise<void>, pause: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await withDatabase(prepare);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      await pause();
    }
  }
}

/** `DatabaseUnavailable` for what the driver says of an unreachable database; every other error as it is. */
export function asUnavailable(error: unknown): unknown {
  const isUnreachable = unreachable.some((kind) => error instanceof kind);
  return isUnreachable ? new DatabaseUnavailable('The database cannot be reached.') : error;
}

/** True where a write lost against a unique `_id`: somebody was first, read again. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 11000;
}

/** Inserts unless the `_id` is there already; tells whether this call made the document. */
export async function insertOnce<T extends { _id: string }>(
  collection: Collection<T>,
  document: T,
): Promise<boolean> {
  try {
    await collection.insertOne(document as Parameters<typeof collection.insertOne>[0]);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** Inserts those whose `_id` is not there yet: all at once, one by one only where some are there already. */
export async function insertEachOnce<T extends { _id: string }>(
  collection: Collection<T>,
  documents: readonly T[],
): Promise<void> {
  if (documents.length === 0) return;
  try {
    const batch = documents as unknown as Parameters<typeof collection.insertMany>[0];
    await collection.insertMany(batch, { ordered: false });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    for (const document of documents) await insertOnce(collection, document);
  }
}
