import { type Collections, insertOnce } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import {
  isChangedBy,
  isLiving,
  retire,
  type ServerDocument,
  type Tenancy,
  type TenancyState,
} from './server-document.ts';

type Rows = Pick<Collections, 'servers'>;

/** `_id` of a server's document. */
export function serverId(input: { supplier: SupplierName; ip: string }): string {
  return `${input.supplier}:${input.ip}`;
}

/**
 * Writes the tenancy of a sale, once per purchase, past ones included. An address comes back after its month: an
 * old tenancy that is retired or expired moves to the row's history.
 * @returns `otherTenancy` where somebody else lives there: a sale of it cannot be ours alone.
 */
export async function recordSale(input: {
  db: Rows;
  supplier: SupplierName;
  ip: string;
  purchaseId: string;
  orderId: string;
  expiresAt: string;
  cost: Tenancy['cost'];
  now: string;
}): Promise<{ kind: 'recorded' } | { kind: 'otherTenancy'; tenancy: Tenancy }> {
  const { db, supplier, ip, now } = input;
  const id = serverId({ supplier, ip });
  const tenancy: Tenancy = {
    state: 'bought',
    purchaseId: input.purchaseId,
    orderId: input.orderId,
    since: now,
    expiresAt: input.expiresAt,
    cost: input.cost,
    cause: `Bought for order ${input.orderId} (${input.purchaseId}).`,
    operationId: null,
    operationsDone: [],
  };
  if (await insertOnce<ServerDocument>(db.servers, { _id: id, supplier, ip, tenancy, history: [] })) {
    return { kind: 'recorded' };
  }
  const server = await db.servers.findOne({ _id: id });
  if (!server) throw new Error(`Failed to record the sale of ${ip}: its row vanished while it was read.`);
  const { tenancy: old, history } = server;
  if ([old, ...history].some((known) => known.purchaseId === input.purchaseId)) return { kind: 'recorded' };
  if (isLiving({ tenancy: old, now })) return { kind: 'otherTenancy', tenancy: old };
  const replaced = await db.servers.updateOne(
    {
      _id: id,
      'tenancy.purchaseId': old.purchaseId,
      'tenancy.state': old.state,
      // Renewed meanwhile, it lives again.
      'tenancy.expiresAt': old.expiresAt,
    },
    { $set: { tenancy, history: [...history, retire({ tenancy: old, now })] } },
  );
  if (replaced.matchedCount === 1) return { kind: 'recorded' };
  return recordSale(input);
}

const causes: Partial<Record<TenancyState, string>> = {
  held: 'It is no address of the ordered package; its order is not decided.',
  delivered: 'Delivered to the customer.',
};

/** Moves a purchase's tenancy by compare-and-set. @returns true where it is in `to` now. */
export async function moveTenancy(input: {
  db: Rows;
  serverId: string;
  purchaseId: string;
  from: TenancyState[];
  to: TenancyState;
  cause?: string;
  now: string;
}): Promise<boolean> {
  const { db, purchaseId } = input;
  const cause = input.cause ?? causes[input.to];
  const moved = await db.servers.updateOne(
    { _id: input.serverId, 'tenancy.purchaseId': purchaseId, 'tenancy.state': { $in: input.from } },
    { $set: { 'tenancy.state': input.to, 'tenancy.since': input.now, ...causeOf({ cause }) } },
  );
  if (moved.matchedCount === 1) return true;
  const server = await db.servers.findOne({ _id: input.serverId });
  return server?.tenancy.purchaseId === purchaseId && server.tenancy.state === input.to;
}

/** Tenancies of which a stop or a wipe may begin (design 12); of a delivered one only a remedy may. */
type Changeable = 'bought' | 'held' | 'stranded' | 'delivered';

/**
 * Begins the one operation that may stop or wipe a server: `from` (bought, unless said otherwise) -> changing
 * {operationId}. The same operationId goes on after a crash. @returns `done` where it was carried out before,
 * `refused` where the tenancy does not allow it: then no call may be made (design 12).
 */
export async function beginChange(input: {
  db: Rows;
  serverId: string;
  purchaseId: string;
  operationId: string;
  from?: readonly Changeable[];
  /** Operations that were left undone and that this one may go on from. */
  takeOver?: readonly string[];
  /** Kept where it is not said. */
  cause?: string;
  now: string;
}): Promise<'begun' | 'done' | 'refused'> {
  const { db, purchaseId, operationId, from = ['bought'] } = input;
  const server = await db.servers.findOne({ _id: input.serverId });
  if (server?.tenancy.operationsDone.includes(operationId)) return 'done';
  const moved = await db.servers.updateOne(
    { _id: input.serverId, 'tenancy.purchaseId': purchaseId, 'tenancy.state': { $in: [...from] } },
    {
      $set: {
        'tenancy.state': 'changing',
        'tenancy.operationId': operationId,
        'tenancy.since': input.now,
        ...causeOf(input),
      },
    },
  );
  if (moved.matchedCount === 1) return 'begun';
  if (input.takeOver?.length && (await takeOver(input, input.takeOver))) return 'begun';
  const now = await db.servers.findOne({ _id: input.serverId });
  const ours = isChangedBy(now?.tenancy, operationId);
  return ours && now?.tenancy.purchaseId === purchaseId ? 'begun' : 'refused';
}

/** changing {another operation} -> changing {this one}, where that one is known to be left undone. */
async function takeOver(
  input: { db: Rows; serverId: string; purchaseId: string; operationId: string; now: string },
  operations: readonly string[],
): Promise<boolean> {
  const { db, purchaseId, operationId } = input;
  const taken = await db.servers.updateOne(
    {
      _id: input.serverId,
      'tenancy.purchaseId': purchaseId,
      'tenancy.state': 'changing',
      'tenancy.operationId': { $in: [...operations] },
    },
    { $set: { 'tenancy.operationId': operationId, 'tenancy.since': input.now } },
  );
  return taken.matchedCount === 1;
}

/** Ends an operation: changing {operationId} -> `to` (bought, unless said otherwise). Safe to repeat. */
export async function endChange(input: {
  db: Rows;
  serverId: string;
  operationId: string;
  to?: 'bought' | 'stranded' | 'retired';
  /** Kept where it is not said. */
  cause?: string;
  now: string;
}): Promise<void> {
  const server = await input.db.servers.findOne({ _id: input.serverId });
  const done = server?.tenancy.operationsDone ?? [];
  await input.db.servers.updateOne(
    { _id: input.serverId, 'tenancy.state': 'changing', 'tenancy.operationId': input.operationId },
    {
      $set: {
        'tenancy.state': input.to ?? 'bought',
        'tenancy.operationId': null,
        'tenancy.since': input.now,
        'tenancy.operationsDone': [...done, input.operationId],
        ...causeOf(input),
      },
    },
  );
}

function causeOf({ cause }: { cause?: string | undefined }): { 'tenancy.cause'?: string } {
  return cause === undefined ? {} : { 'tenancy.cause': cause };
}
