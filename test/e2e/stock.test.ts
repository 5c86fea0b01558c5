import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
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

test('at the mark the sync takes the product off, checkout refuses it with the note, and the admin is told', async () => {
  await setStock(marked, ['103.184.12.1-4']);
  assert.deepEqual((await service.sync()).disabled, []);
  await setStock(marked, ['103.184.12.1-3']);
  const { disabled, packages } = await service.sync();
  assert.deepEqual(disabled, [productId]);
  const line = packages.find(({ packageName }) => packageName === marked);
  assert.equal(line?.alert, `Package "${marked}" has only 3 IPs left!`);
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
  const { suppliers, disabled, packages } = await service.sync();
  assert.equal(suppliers[0]?.kind, 'unread');
  assert.deepEqual(disabled, []);
  const line = packages.find(({ packageName }) => packageName === marked);
  assert.deepEqual([line?.level, line?.lastCount], ['unknown', 11]);
  assert.ok(line?.staleSince);
  await simulator.clearFaults();
  const back = (await service.sync()).packages.find(({ packageName }) => packageName === marked);
  assert.equal(back?.available, 11);
});

test('the schedule reads the stock by itself, and the daily report is mailed once', async () => {
  await setStock(marked, ['103.184.12.1-5']);
  await service.client.schedule.getHandle('monitor-stock').trigger();
  await eventually({
    what: 'the count of the schedule',
    read: () => db.packages.findOne({ packageKey: marked }),
    isRight: (pool) => pool?.counts?.available === 5,
  });
  const report = service.client.schedule.getHandle('report-low-stock');
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
