import { WorkflowNotFoundError } from '@temporalio/client';
import { matchesPackage } from '../../src/domain/package-name.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { FenceDocument, PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { ServerDocument } from '../../src/servers/server-document.ts';
import type { LedgerSummary, PurchaseCall } from '../../src/simulator/ledger.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { CrashService } from './crash-service.ts';

/** What must be true of an order once a fault is over. */
export interface Expectation {
  orderId: string;
  packageName: string;
  email: string;
  /** The answer of the purchase was lost for good: a case with a reason is an end, too. */
  mayStayUnknown: boolean;
  /** A mail may go out again under its Message-ID. */
  mailMayRepeat: boolean;
}

/** Everything that both ledgers say at one moment. */
export interface CrashRecords {
  orders: OrderDocument[];
  rows: PurchaseDocument[];
  servers: ServerDocument[];
  calls: PurchaseCall[];
  overlaps: LedgerSummary['overlaps'];
  fences: FenceDocument[];
}

export async function readRecords({ db, simulator }: CrashService): Promise<CrashRecords> {
  const [orders, rows, servers, fences, { purchases, summary }] = await Promise.all([
    db.orders.find().toArray(),
    db.purchases.find().toArray(),
    db.servers.find().toArray(),
    db.openPurchases.find().toArray(),
    simulator.ledger(),
  ]);
  return { orders, rows, servers, fences, calls: purchases, overlaps: summary.overlaps };
}

interface Facts {
  order: OrderDocument | null;
  rows: PurchaseDocument[];
  sales: PurchaseCall[];
  servers: ServerDocument[];
}

/** Everything that is wrong with an order, by the simulator's ledger and the documents; empty where all is right. */
export async function judgeOrder(
  service: CrashService,
  records: CrashRecords,
  expected: Expectation,
): Promise<string[]> {
  const facts = factsOf(records, expected);
  const seen = [...judgeEnd(facts, expected), ...judgeSales(facts)];
  // The rest is asked for only once there is nothing to wait for: asking costs the machine that is being watched.
  if (seen.length > 0) return seen;
  return [
    ...(await judgeMails(service, facts, expected)),
    ...(await judgeWorkflow(service, facts, expected)),
  ];
}

/** What is left behind in a package: nobody holds its lock or its fence, nobody waits. */
export async function judgePackage(
  service: CrashService,
  { fences, overlaps }: CrashRecords,
  packageName: string,
): Promise<string[]> {
  const lock = await service.lock(packageName);
  const fence = fences.find(({ _id }) => _id === `smartvps:${packageName}`);
  return [
    ...(lock?.holder ? [`the lock is held by ${lock.holder.requestId}`] : []),
    ...(lock?.waiters.length ? [`${lock.waiters[0]?.requestId} waits for the lock`] : []),
    ...(fence?.purchaseId ? [`the fence is held by ${fence.purchaseId}`] : []),
    ...(overlaps.some((overlap) => overlap.package === packageName) ? ['purchases overlapped'] : []),
  ];
}

function factsOf(records: CrashRecords, { orderId, packageName }: Expectation): Facts {
  const rows = records.rows.filter((row) => row.orderId === orderId);
  return {
    order: records.orders.find(({ _id }) => _id === orderId) ?? null,
    rows,
    sales: records.calls.filter(
      (call) => call.request.ip === packageName && call.soldAddress !== null && isOf(call, rows),
    ),
    servers: records.servers,
  };
}

/** True where the call was sent by one of these rows: two orders of a package never buy at the same time. */
function isOf(call: PurchaseCall, rows: readonly PurchaseDocument[]): boolean {
  return rows.some(({ ip, sentAt }) => {
    if (ip !== null) return ip === call.soldAddress;
    return (
      sentAt !== null && sentAt <= call.startedAt && Date.parse(call.startedAt) - Date.parse(sentAt) < 6_000
    );
  });
}

function judgeEnd({ order, sales }: Facts, expected: Expectation): string[] {
  if (order === null) return ['the order is gone'];
  const { status, failure, server, goods, money, open } = order;
  if (money !== 'kept') return [`the money is ${money}`];
  if (status === 'failed') {
    if (!expected.mayStayUnknown || failure?.code !== 'purchaseUnknown')
      return [`failed as ${failure?.code}: ${failure?.message}`];
    return goods.state === 'parked' ? [] : [`an open case leaves the goods ${goods.state}`];
  }
  if (status !== 'active') return [`the order is ${status}`];
  const ip = server?.ip ?? '';
  return [
    ...(open ? ['a delivered order is open'] : []),
    ...(goods.state === 'delivered' ? [] : [`a delivered order has goods ${goods.state}`]),
    ...(matchesPackage({ address: ip, packageName: expected.packageName, matchPolicy: 'exact' })
      ? []
      : [`${ip} was delivered for ${expected.packageName}`]),
    ...(sales.some(({ soldAddress }) => soldAddress === ip) ? [] : [`${ip} was never sold for this order`]),
  ];
}

/** At most one sale a purchase, and every sale has one tenancy or a case. */
function judgeSales({ rows, sales, servers }: Facts): string[] {
  const tenancies = servers.flatMap(({ tenancy, history }) => [tenancy, ...history]);
  const sent = rows.filter(({ sentAt }) => sentAt !== null);
  const cases = rows.filter(({ state }) => state === 'case').length;
  const owned = rows.flatMap(({ _id }) => tenancies.filter(({ purchaseId }) => purchaseId === _id));
  const unsettled = rows.filter(({ state }) => ['intended', 'sent', 'unknown'].includes(state));
  const doubled = rows.filter(({ _id }) => owned.filter(({ purchaseId }) => purchaseId === _id).length > 1);
  return [
    ...(sales.length > 1 ? [`${sales.length} sales for one order`] : []),
    ...(sales.length > sent.length ? [`${sales.length} sales for ${sent.length} purchases`] : []),
    ...(sales.length === owned.length || (cases > 0 && owned.length <= sales.length)
      ? []
      : [`${sales.length} sales, ${owned.length} tenancies, ${cases} cases`]),
    ...unsettled.map(({ _id, state }) => `${_id} is still ${state}`),
    ...doubled.map(({ _id }) => `${_id} has more than one tenancy`),
    ...rows
      .filter(({ state }) => state === 'notBought')
      .flatMap(({ _id }) =>
        sales.length === rows.length ? [`${_id} was sold but counts as not bought`] : [],
      ),
  ];
}

/** The login reaches the customer of a delivered order, and nobody else's mail. */
async function judgeMails(
  { simulator }: CrashService,
  { order }: Facts,
  expected: Expectation,
): Promise<string[]> {
  const { email, mailMayRepeat } = expected;
  const mails = await simulator.mails({ to: email });
  if (order?.status !== 'active') {
    return mails.some(({ text }) => /password/i.test(text)) ? ['a login was mailed without a delivery'] : [];
  }
  const { password } = await simulator.server(order.server?.ip ?? '');
  const logins = mails.filter(({ text }) => text.includes(password));
  const ids = new Set(logins.map(({ messageId }) => messageId));
  if (ids.size !== 1) return [`the login was mailed under ${ids.size} Message-IDs`];
  return logins.length > (mailMayRepeat ? 2 : 1) ? [`the login was mailed ${logins.length} times`] : [];
}

/** A delivered order's workflow has ended; one that waits for a decision has nothing else to do. */
async function judgeWorkflow(
  { client }: CrashService,
  { order }: Facts,
  { orderId }: Expectation,
): Promise<string[]> {
  const described = await client.workflow
    .getHandle(orderWorkflowId(orderId))
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
  if (described === null) return ['its workflow is gone'];
  const { pendingActivities, pendingWorkflowTask } = described.raw;
  const expectedStatus = order?.status === 'active' ? 'COMPLETED' : 'RUNNING';
  return [
    ...(described.status.name === expectedStatus ? [] : [`its workflow is ${described.status.name}`]),
    ...(pendingActivities?.length ? [`${pendingActivities.length} activities are pending`] : []),
    ...((pendingWorkflowTask?.attempt ?? 0) > 1 ? ['its workflow task fails'] : []),
  ];
}
