import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { FenceDocument, PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { ServerDocument } from '../../src/servers/server-document.ts';
import type { Row } from './step-database.ts';
import { type SupplierBook, salesOf } from './supplier-model.ts';

interface End {
  rows: ReadonlyMap<string, Row>;
  book: SupplierBook;
  orders: string[];
  /** What each order's last run ended with. */
  ends: Record<string, string>;
  /** Faults that happened; without any, everybody has a server. */
  faults: number;
}

function listOf<T>(end: End, collection: string): T[] {
  return [...end.rows].flatMap(([key, row]) =>
    key.startsWith(`${collection}/`) ? [row as unknown as T] : [],
  );
}

const settled: PurchaseDocument['state'][] = ['bought', 'wrong', 'refused', 'notBought', 'void', 'case'];

/** What is wrong at the end, judged by the supplier's own book; null where nothing is. */
export function findEndProblem(end: End): string | null {
  const purchases = listOf<PurchaseDocument>(end, 'purchases').filter(({ orderId }) =>
    end.orders.includes(orderId),
  );
  const homes = homesOf(end);
  for (const row of purchases) {
    const problem = findRowProblem(end, row, homes);
    if (problem !== null) return `${row._id} is ${row.state}: ${problem}`;
  }
  for (const { purchaseId, ip, call } of salesOf(end.book)) {
    const row = purchases.find(({ _id }) => _id === purchaseId);
    if (!row) return `${ip} was sold to ${purchaseId}, which has no row`;
    // A sale after the longest purchase that nobody was told of leaves no trace anywhere.
    if (row.state === 'case' || row.ip === ip || (call.pace === 'late' && !call.told)) continue;
    return `${ip} was sold to ${purchaseId}, which is ${row.state} and knows nothing of it`;
  }
  for (const orderId of end.orders) {
    const problem = findOrderProblem(end, orderId, purchases);
    if (problem !== null) return problem;
  }
  return findFenceProblem(end, purchases);
}

/** Every tenancy, past ones included, by its purchase. */
function homesOf(end: End): Map<string, string[]> {
  const homes = new Map<string, string[]>();
  for (const { ip, tenancy, history } of listOf<ServerDocument>(end, 'servers')) {
    for (const { purchaseId } of [tenancy, ...history]) {
      if (purchaseId !== null) homes.set(purchaseId, [...(homes.get(purchaseId) ?? []), ip]);
    }
  }
  return homes;
}

function findRowProblem(end: End, row: PurchaseDocument, homes: Map<string, string[]>): string | null {
  if (row.state !== 'intended' && !settled.includes(row.state)) return 'it was never settled';
  const sales = salesOf(end.book).filter(({ purchaseId }) => purchaseId === row._id);
  const own = homes.get(row._id) ?? [];
  if (own.length > 1) return `it has ${own.length} tenancies`;
  if (row.state === 'bought' && sales.length !== 1) return `the supplier sold it ${sales.length} servers`;
  if (row.ip !== null && !row.duplicate && !sales.some(({ ip }) => ip === row.ip))
    return `${row.ip} was not sold to it`;
  if (row.ip !== null && !row.duplicate && own[0] !== row.ip) return `${row.ip} has no tenancy of it`;
  if (own.length === 1 && !sales.some(({ ip }) => ip === own[0]))
    return `its tenancy ${own[0]} was not sold to it`;
  const told = end.book.find(
    ({ purchaseId, told: isTold, sold }) => purchaseId === row._id && isTold && sold,
  );
  if (told && row.state === 'case' && row.ip === null) return `it was told of ${told.sold} and forgot it`;
  return null;
}

function findOrderProblem(end: End, orderId: string, purchases: PurchaseDocument[]): string | null {
  const own = purchases
    .filter((row) => row.orderId === orderId)
    .sort((one, other) => one.number - other.number);
  const bought = own.filter(({ state }) => state === 'bought');
  if (bought.length > 1) return `${orderId} bought ${bought.length} servers`;
  if (end.faults === 0 && bought.length !== 1) return `${orderId} got no server although nothing went wrong`;
  const latest = own.at(-1);
  const { goods, money } = end.rows.get(`orders/${orderId}`) as unknown as OrderDocument;
  const held = goods.state === 'none' ? 'none' : `${goods.state} ${goods.purchaseId}`;
  if (held !== goodsFor(latest)) return `goods of ${orderId} are ${held}, not ${goodsFor(latest)}`;
  const told = end.ends[orderId] ?? '';
  if (money !== 'kept') {
    if (bought.length > 0) return `${orderId} has a server, and its money is ${money}`;
    return told === 'ended' ? null : `${orderId} ended as ${told} while its money is ${money}`;
  }
  const fits = latest && endsFor[latest.state]?.includes(told);
  return fits ? null : `${orderId} ended as ${told} while ${latest?._id} is ${latest?.state}`;
}

/** How the run of an order may end by the state of its latest purchase. */
const endsFor: Partial<Record<PurchaseDocument['state'], string[]>> = {
  bought: ['bought', 'verify'],
  case: ['case', 'duplicate'],
  refused: ['refused'],
  intended: ['notSent'],
};

function goodsFor(latest: PurchaseDocument | undefined): string {
  if (latest?.state === 'bought' || latest?.state === 'intended') return `buying ${latest._id}`;
  return latest?.state === 'case' ? `parked ${latest._id}` : 'none';
}

function findFenceProblem(end: End, purchases: PurchaseDocument[]): string | null {
  for (const fence of listOf<FenceDocument>(end, 'openPurchases')) {
    const holder = purchases.find(({ _id }) => _id === fence.purchaseId);
    if (fence.purchaseId === null || holder?.state === 'intended') continue;
    return `the fence is held by ${fence.purchaseId}, which is ${holder?.state}`;
  }
  return null;
}
