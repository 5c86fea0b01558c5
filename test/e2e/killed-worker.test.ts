import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultDefinition } from '../../src/simulator/faults.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import { eventually, isUncached } from '../support/eventually.ts';
import { killProcess } from '../support/kill-process.ts';
import { assertFaultsFired, assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const packages = ['103.184.11', '103.184.12', '103.184.13', '103.184.14'] as const;
const [beforeSale, afterSale, drained, unpaid] = packages;
const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
    latency: { webhookRetryMs: Array.from({ length: 100 }, () => 300) },
  },
  policy: isUncached ? { longestPurchase: '20s' } : {},
});
const { simulator } = service;
/** How long the supplier works on a purchase during which a worker dies. */
const longMs = isUncached ? 12_000 : 2_500;

async function callsOf(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName);
}

function untilAtSupplier(packageName: string, at: 'asked' | 'sold'): Promise<PurchaseCall[]> {
  return eventually({
    what: `a purchase of ${packageName} is ${at}`,
    read: () => callsOf(packageName),
    isRight: (calls) => calls.some(({ committedAt }) => (committedAt !== null) === (at === 'sold')),
  });
}

const delay = (packageName: string, ms: number, afterTheSale: boolean): FaultDefinition => ({
  call: 'buyvps',
  when: { package: packageName, times: 1 },
  do: { kind: 'delay', ms, afterSale: afterTheSale },
});

test('a worker killed with SIGKILL during a purchase, before or after the sale: one sale, and the order ends', async () => {
  await simulator.addFaults(delay(beforeSale, longMs, false), delay(afterSale, longMs, true));
  const orders = await Promise.all([
    service.order({ productId: productOf(beforeSale) }),
    service.order({ productId: productOf(afterSale) }),
  ]);
  await untilAtSupplier(afterSale, 'sold');
  const [asked] = await untilAtSupplier(beforeSale, 'asked');
  assert.equal(asked?.committedAt, null);
  await killProcess({ process: service.worker, signal: 'SIGKILL' });
  const worker = await service.startWorker();
  assert.notEqual(worker.pid, service.worker.pid);
  await untilAtSupplier(beforeSale, 'sold');
  for (const [index, orderId] of orders.entries()) {
    const ended = await service.orderIn(orderId, 'active', 'failed');
    if (ended.status === 'failed')
      assert.equal(ended.failure?.code, 'purchaseUnknown', ended.failure?.message);
    const calls = await callsOf(packages[index] ?? '');
    assert.deepEqual(
      calls.map(({ soldAddress }) => soldAddress),
      [`${packages[index]}.10`],
    );
    const rows = await service.db.purchases.find({ orderId }).toArray();
    assert.deepEqual(
      rows.map(({ _id }) => _id),
      [`${orderId}#1`],
    );
  }
  // The package goes on: what the dead worker held is free again.
  await service.orderIn(await service.order({ productId: productOf(beforeSale) }), 'active');
});

test('a worker that is asked to stop during a purchase drains it, and the order is delivered without a case', async () => {
  await simulator.addFaults(delay(drained, 1_500, false));
  const orderId = await service.order({ productId: productOf(drained) });
  await untilAtSupplier(drained, 'asked');
  const running = service.workers.filter((worker) => !worker.hasExited());
  await Promise.all(running.map((process) => killProcess({ process, signal: 'SIGTERM' })));
  const row = await service.db.purchases.findOne({ _id: `${orderId}#1` });
  assert.equal(row?.state, 'bought', 'the purchase was brought to its end before the worker left');
  await service.startWorker();
  await service.orderIn(orderId, 'active');
  assert.equal((await callsOf(drained)).length, 1);
});

test('an API that is killed between checkout and payment takes the payment once it is back', async () => {
  const orderId = await service.order({ productId: productOf(unpaid), pay: false });
  await killProcess({ process: service.api, signal: 'SIGKILL' });
  const { deliveries } = await simulator.pay({ orderId });
  assert.deepEqual(
    deliveries.map(({ status }) => status),
    [null],
    'the webhook met a closed port',
  );
  await service.startApi();
  await service.orderIn(orderId, 'active');
  assert.equal((await callsOf(unpaid)).length, 1);
});

test('every fault fired, and both ledgers agree', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
});
