import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFaultsFired, assertLedgersAgree } from '../../support/oracle.ts';
import { assertNothingLeaked } from '../../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

const packages = ['103.184.11', '103.184.12', '103.184.13', '103.184.14'] as const;
const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
    latency: { credentialsMs: 300 },
  },
});
const { simulator } = service;

async function deliver(order: { packageName: string; os: string }) {
  const orderId = await service.order({ productId: productOf(order.packageName), os: order.os });
  const { server, status, failure } = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(status, 'active', JSON.stringify(failure));
  return { orderId, sold: await simulator.server(server?.ip ?? '') };
}

for (const { os, code, packageName } of [
  { os: 'CentOS 7', code: 'centos', packageName: packages[0] },
  { os: 'Windows 2022 64', code: '2022', packageName: packages[1] },
]) {
  test(`an order for ${os} gets it by one changeos before delivery, and the mail has the new login`, async () => {
    const { orderId, sold } = await deliver({ packageName, os });
    assert.deepEqual([sold.os, sold.nextOs], [code, null], 'the system was there when it was delivered');
    const changes = sold.calls.filter(({ call }) => call === 'changeos');
    assert.equal(changes.length, 1);
    const mail = await service.mailTo('customer', orderId, sold.address);
    assert.ok(
      mail.text.includes(sold.username) && mail.text.includes(sold.password),
      'the login of the new system',
    );
    assert.ok(Date.parse(changes[0]?.at ?? '') < Date.parse(mail.at), 'before delivery');
    const server = await service.db.servers.findOne({ _id: `smartvps:${sold.address}` });
    assert.equal(server?.tenancy.state, 'delivered');
  });
}

test('an order for the system that the supplier installs anyway is never wiped', async () => {
  const { sold } = await deliver({ packageName: packages[2], os: 'Ubuntu 22' });
  assert.deepEqual(
    sold.calls.filter(({ call }) => call !== 'status'),
    [],
  );
});

test('a changeos whose answer is lost is repeated under the same operation, and still ends in one delivery', async () => {
  const packageName = packages[3];
  await simulator.addFaults({
    call: 'changeos',
    when: { package: packageName, times: 1 },
    do: { kind: 'answerLost' },
  });
  const { orderId, sold } = await deliver({ packageName, os: 'CentOS 7' });
  assert.equal(sold.os, 'centos');
  const mail = await service.mailTo('customer', orderId, sold.address);
  assert.ok(mail.text.includes(sold.password), 'the login that holds at the end');
});

test('every fault fired, and both ledgers agree', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
});

test('the login stands in the mail alone: in no history, log or record', async () => {
  await assertNothingLeaked(service);
});
