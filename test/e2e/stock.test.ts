import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { assertFaultsFired } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const marked = '103.184.12';
const rushed = '103.185.7';
const service = await startTestService({
  catalogue: catalogueOf(marked, rushed),
  scenario: {
    packages: [
      { id: 5, name: marked, addresses: ['103.184.12.1-40'] },
      { id: 6, name: rushed, addresses: ['103.185.7.1-20'] },
    ],
  },
});
const { simulator, db } = service;
const productId = productOf(marked);
const checkout = (id = productId) =>
  service.storefront.checkout({ productId: id, ramGb: 8, os: 'Ubuntu 22' });
const setStock = (packageName: string, addresses: string[]) =>
  simulator.updatePackage(packageName, { addresses });

async function isAvailable(id = productId): Promise<boolean | undefined> {
  const headers = { authorization: `Bearer ${service.secrets.storefrontToken}` };
  const response = await fetch(`${service.apiUrl}/api/products`, { headers });
  const products = (await response.json()) as { productId: string; available: boolean }[];
  return products.find((product) => product.productId === id)?.available;
}

const lineOf = ({ packages }: Awaited<ReturnType<typeof service.sync>>, name = marked) =>
  packages.find(({ packageName }) => packageName === name);

test('the page has its alert from the mark on, and loses it above', async () => {
  await setStock(marked, ['103.184.12.1-11']);
  assert.equal(lineOf(await service.sync())?.alert, null);
  await setStock(marked, ['103.184.12.1-10']);
  assert.equal(lineOf(await service.sync())?.alert, `Package "${marked}" has only 10 IPs left!`);
  await setStock(marked, ['103.184.12.1-11']);
  assert.equal(lineOf(await service.sync())?.alert, null);
});

test('an answer that is encoded twice, with counts as text, is read like any other', async () => {
  await simulator.addFaults({ call: 'ipstock', when: { times: 1 }, do: { kind: 'encoding', depth: 2 } });
  await simulator.addFaults({ call: 'ipstock', when: { times: 1 }, do: { kind: 'numericString' } });
  const found = await service.sync();
  assert.deepEqual([found.suppliers[0]?.kind, lineOf(found)?.available], ['read', 11]);
  await assertFaultsFired(service);
});

test('a package that an answer leaves out is not empty: its count is kept as not confirmed, its sale goes on', async () => {
  const text = JSON.stringify({ packages: [{ id: 6, name: rushed, ipv4: 20, status: 'active' }] });
  await simulator.addFaults({ call: 'ipstock', when: { times: 1 }, do: { kind: 'garbage', text } });
  const found = await service.sync();
  assert.deepEqual([found.suppliers[0]?.missing, found.disabled], [[marked], []]);
  const line = lineOf(found);
  assert.deepEqual([line?.level, line?.available, line?.lastCount], ['unknown', null, 11]);
  assert.equal(lineOf(found, rushed)?.available, 20);
  assert.equal(lineOf(await service.sync())?.available, 11);
});

test('a package that is renamed keeps its product: it is sold, bought and counted by its id', async () => {
  await simulator.updatePackage(marked, { name: '103.184' });
  const found = await service.sync();
  assert.deepEqual([lineOf(found, '103.184')?.available, found.suppliers[0]?.missing], [11, []]);
  const orderId = await service.order({ productId });
  const { server } = await service.orderIn(orderId, 'active');
  assert.match(server?.ip ?? '', /^103\.184\.12\./);
  await simulator.updatePackage('103.184', { name: marked });
  assert.equal(lineOf(await service.sync())?.available, 10);
});

test('the reserve is not sold, and the refusal says how many are left', async () => {
  await db.products.updateOne({ _id: productId }, { $set: { reserve: 5 } });
  await setStock(marked, ['103.184.12.1-5']);
  await service.sync();
  const { status, body } = await checkout();
  assert.deepEqual([status, body.type], [409, '/problems/at-capacity']);
  assert.match(body.detail ?? '', /is at capacity \(5 IPs remaining\)/);
  assert.equal(await isAvailable(), false, 'the list of products says so before');
});

test('one above the reserve is sold; the warning comes at its mark, not above it', async () => {
  await setStock(marked, ['103.184.12.51-56']);
  await service.sync();
  assert.equal(await isAvailable(), true);
  const warnings = async (orderId: string) => {
    await service.orderIn(orderId, 'active');
    const { timeline = [] } = (await db.orders.findOne({ _id: orderId })) ?? {};
    return timeline.map(({ text }) => text).filter((text) => text.includes('running low'));
  };
  assert.deepEqual(await warnings(await service.order({ productId })), []);
  await db.products.updateOne({ _id: productId }, { $set: { reserve: 0 } });
  assert.deepEqual(await warnings(await service.order({ productId })), [
    `Package ${marked} is running low on IPs: 5 available; concurrent orders may get an address of another package`,
  ]);
});

test('at the mark the sync takes the product off, checkout refuses it with the note, and the admin is told', async () => {
  await setStock(marked, ['103.184.12.1-4']);
  assert.deepEqual((await service.sync()).disabled, []);
  await setStock(marked, ['103.184.12.1-3']);
  const found = await service.sync();
  assert.deepEqual(found.disabled, [productId]);
  assert.equal(lineOf(found)?.alert, `Package "${marked}" has only 3 IPs left!`);
  const { status, body } = await checkout();
  assert.equal(status, 409);
  assert.match(body.detail ?? '', /Auto-disabled: Only 3 IPs left \(20\d\d-/);
  await service.mailTo('admin', 'No longer sold', 'Only 3 IPs left');
});

test('it is sold again only above the higher mark', async () => {
  await setStock(marked, ['103.184.12.1-10']);
  assert.deepEqual((await service.sync()).enabled, []);
  await setStock(marked, ['103.184.12.1-11']);
  assert.deepEqual((await service.sync()).enabled, [productId]);
  assert.equal((await checkout()).status, 201);
  await service.mailTo('admin', 'Sold again', marked);
});

test('a supplier that is down changes nothing, and the stock says since when nobody knows', async () => {
  await simulator.addFaults({ call: 'ipstock', when: { times: 20 }, do: { kind: 'status', status: 503 } });
  const found = await service.sync();
  assert.equal(found.suppliers[0]?.kind, 'unread');
  assert.deepEqual([found.disabled, found.enabled], [[], []]);
  const line = lineOf(found);
  assert.deepEqual([line?.level, line?.lastCount], ['unknown', 11]);
  assert.ok(line?.staleSince);
  await simulator.clearFaults();
  assert.equal(lineOf(await service.sync())?.available, 11);
});

test('the schedule reads the stock by itself, and the daily report names what is at its mark', async () => {
  const report = service.client.schedule.getHandle('report-low-stock');
  await setStock(marked, ['103.184.12.1-6']);
  await service.sync();
  await report.trigger();
  const last = async () => (await report.describe()).info.recentActions.at(-1);
  const first = await eventually({ what: 'a report', read: last, isRight: (run) => run !== undefined });
  const { workflowId } = first?.action.workflow ?? assert.fail('no workflow');
  assert.deepEqual(await service.client.workflow.getHandle(workflowId).result(), { told: false });
  await setStock(marked, ['103.184.12.1-5']);
  await service.client.schedule.getHandle('monitor-stock').trigger();
  await eventually({
    what: 'the count of the schedule',
    read: () => db.packages.findOne({ packageKey: marked }),
    isRight: (pool) => pool?.counts?.available === 5,
  });
  await report.trigger();
  await service.mailTo('admin', `LOW IP ALERT: ${marked} has 5 IPs`);
});

test('who asked for a sync is in the audit log', async () => {
  const acts = await db.auditLog.find({ act: 'syncStock' }).toArray();
  assert.ok(acts.length > 0);
  assert.deepEqual([acts[0]?.by, acts[0]?.subject], ['api token', { kind: 'supplier', id: 'smartvps' }]);
});

test('of 50 parallel checkouts for the last 3 exactly 3 are accepted; the others are told that the package is at capacity', async () => {
  const id = productOf(rushed);
  await db.products.updateOne({ _id: id }, { $set: { marks: { stockAutoDisable: 0 } } });
  await setStock(rushed, ['103.185.7.1-3']);
  await service.sync();
  const answers = await Promise.all(Array.from({ length: 50 }, () => checkout(id)));
  const accepted = answers.filter(({ status }) => status === 201);
  assert.equal(accepted.length, 3);
  for (const { status, body } of answers) {
    if (status === 201) continue;
    assert.deepEqual([status, body.type], [409, '/problems/at-capacity']);
    assert.equal(
      body.detail,
      `Package "${rushed}" is at capacity (0 IPs remaining). Please choose another package or contact support.`,
    );
  }
  const orderIds = accepted.map(({ body }) => body.orderId);
  await Promise.all(orderIds.map((orderId) => simulator.pay({ orderId })));
  for (const orderId of orderIds) await service.orderIn(orderId, 'active');
  assert.equal((await checkout(id)).status, 409, 'sold out');
});
