import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPackage } from '../../src/domain/package-name.ts';
import { packageLockId, type RequestLock, requestLockSignal } from '../../workflows/contract/package-lock.ts';
import { readRun, signalsOf } from '../support/histories.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { assertNothingLeaked } from '../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const truthful = '103.184.12';
const stale = '103.181.91';
const service = await startTestService({
  catalogue: catalogueOf(truthful, stale),
  scenario: {
    packages: [
      { id: 5, name: stale, addresses: ['103.181.91.10-18'], ipv4Stale: 10, fallback: '103.182.44' },
      { id: 6, name: '103.182.44', addresses: ['103.182.44.18-60'] },
      { id: 7, name: truthful, addresses: ['103.184.12.10-18'], fallback: '103.182.44' },
    ],
  },
});

let eleventh = '';

/** Ten checkouts first, so that the ten payments arrive together; gives their orders once none moves by itself. */
async function placeTen(packageName: string) {
  const productId = productOf(packageName);
  const orderIds: string[] = [];
  for (let count = 0; count < 10; count += 1) orderIds.push(await service.order({ productId, pay: false }));
  await Promise.all(orderIds.map((orderId) => service.simulator.pay({ orderId })));
  return Promise.all(
    orderIds.map((orderId) => service.orderIn(orderId, 'active', 'failed', 'waitingForStock')),
  );
}

/** Orders in the order in which they first asked for the lock, and in that of their purchases at the supplier. */
async function turnsOf(packageName: string) {
  const lockId = packageLockId({ supplier: 'smartvps', packageName });
  const requests = signalsOf<RequestLock>(
    await readRun({ client: service.client, workflowId: lockId }),
    requestLockSignal.name,
  );
  const { purchases } = await service.simulator.ledger();
  const calls = purchases
    .filter(({ request }) => request.ip === packageName)
    .sort((left, right) => left.startSequence - right.startSequence);
  const rows = await service.db.purchases.find({ packageName }).toArray();
  const rowOf = new Map(rows.map((row) => [row.ip, row._id]));
  return {
    requested: [...new Set(requests.map(({ requestId }) => requestId))],
    bought: calls.map(({ soldAddress }) => rowOf.get(soldAddress)),
  };
}

function assertNineDelivered(packageName: string, delivered: { server?: { ip: string } }[]): void {
  const addresses = delivered.map(({ server }) => server?.ip ?? '');
  assert.equal(new Set(addresses).size, 9);
  for (const address of addresses) {
    assert.ok(matchesPackage({ address, packageName, matchPolicy: 'exact' }), address);
  }
}

test('ten orders meet a truthful count of nine: nine are delivered, the tenth waits for stock, none is wrong', async () => {
  const orders = await placeTen(truthful);
  const delivered = orders.filter(({ status }) => status === 'active');
  const waiting = orders.filter(({ status }) => status === 'waitingForStock');
  assert.deepEqual([delivered.length, waiting.length], [9, 1], JSON.stringify(orders));
  assertNineDelivered(truthful, delivered);
  const { summary } = await service.simulator.ledger();
  assert.deepEqual(summary.byPackage[truthful]?.sales, 9);
  assert.equal(summary.byPackage[truthful]?.soldElsewhere, 0);
  await service.mailTo('customer', waiting[0]?.orderId ?? '', 'delayed');
  await service.mailTo('admin', waiting[0]?.orderId ?? '', 'waits for stock');
  const turns = await turnsOf(truthful);
  assert.deepEqual(turns.bought, turns.requested.slice(0, 9), 'first come, first served');
  await assertLedgersAgree(service);
});

test('ten orders meet a stale count: nine are delivered, one fails as wrong package, exactly one purchase is wrong', async () => {
  // Checked out while the package still seemed to have stock; paid when it is known to be dry.
  eleventh = await service.order({ productId: productOf(stale), pay: false });
  const orders = await placeTen(stale);
  const delivered = orders.filter(({ status }) => status === 'active');
  const [failed, ...others] = orders.filter(({ status }) => status === 'failed');
  assert.deepEqual([delivered.length, others.length], [9, 0], JSON.stringify(orders));
  assertNineDelivered(stale, delivered);
  assert.equal(failed?.failure?.code, 'wrongPackage');
  assert.equal(
    failed?.failure?.message,
    'SmartVPS assigned an IP of another package. Requested: "103.181.91", got: "103.182.44.18". ' +
      'The package has probably run out of IPs.',
  );
  const { summary } = await service.simulator.ledger();
  assert.equal(summary.byPackage[stale]?.sales, 10);
  assert.equal(summary.byPackage[stale]?.soldElsewhere, 1);
  const turns = await turnsOf(stale);
  assert.deepEqual(turns.bought, turns.requested, 'first come, first served');
  await assertLedgersAgree(service);
});

test('the wrong server is kept for its order, the package counts as dry, the customer gets no server, the admin is told', async () => {
  const failed = await service.db.orders.findOne({ 'failure.code': 'wrongPackage' });
  const orderId = failed?._id ?? '';
  assert.deepEqual(failed?.goods, { state: 'none' });
  assert.equal(failed?.server, null);
  const server = await service.db.servers.findOne({ _id: 'smartvps:103.182.44.18' });
  assert.equal(server?.tenancy.state, 'held');
  assert.equal(server?.tenancy.orderId, orderId);
  const row = await service.db.purchases.findOne({ _id: server?.tenancy.purchaseId ?? '' });
  assert.equal(row?.state, 'wrong');
  const pool = await service.db.packages.findOne({ _id: `smartvps:${stale}` });
  assert.equal(pool?.dry?.purchaseId, row?._id);
  await service.mailTo('admin', orderId, '103.181.91', '103.182.44.18', 'wrongPackage');
  const logins = await service.simulator.mails({ subject: `ready (order ${orderId})` });
  assert.deepEqual(logins, []);
  const toCustomer = await service.simulator.mails({ to: 'customer@example.com' });
  assert.deepEqual(
    toCustomer.filter(({ text }) => text.includes('103.182.44.18')),
    [],
  );
});

test('an eleventh order does not buy from the dry package, but waits for stock', async () => {
  const orderId = eleventh;
  await service.simulator.pay({ orderId });
  await service.orderIn(orderId, 'waitingForStock');
  await service.mailTo(
    'admin',
    `Order ${orderId} waits for stock`,
    'counts as empty until its stock changes',
  );
  const { summary } = await service.simulator.ledger();
  assert.equal(summary.byPackage[stale]?.calls, 10);
});

test('a checkout of the dry package is refused as at capacity', async () => {
  const order = { productId: productOf(stale), ramGb: 8, os: 'Ubuntu 22' };
  const { status, body } = await service.storefront.checkout(order);
  assert.deepEqual([status, body.type], [409, '/problems/at-capacity']);
  assert.match(body.detail ?? '', /^Package "103\.181\.91" is at capacity \(0 IPs remaining\)\./);
});

test('no history, log or record holds a password, a secret or anything of the customer', async () => {
  await assertNothingLeaked(service);
});
