import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, isUncached } from '../../support/eventually.ts';
import { killProcess, signalProcess } from '../../support/kill-process.ts';
import { assertFaultsFired, assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

const packageName = '103.195.1';
const service = await startTestService({
  catalogue: catalogueOf(packageName),
  scenario: { packages: [{ id: 50, name: packageName, addresses: ['103.195.1.10-60'] }] },
  policy: isUncached ? { longestPurchase: '20s' } : {},
});
const { simulator, db } = service;

async function callsOf() {
  return (await simulator.ledger()).purchases;
}

test('a worker that is told to stop twice ends at once, and the purchase it left is settled by asking: one sale', async () => {
  const at = new Date().toISOString();
  await db.settings.insertOne({ _id: 'foreignServers', count: 0, at, by: 'test' });
  await service.orderIn(await service.order({ productId: productOf(packageName) }), 'active');
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: packageName, times: 1 },
    do: { kind: 'delay', ms: isUncached ? 15_000 : 2_500 },
  });
  const orderId = await service.order({ productId: productOf(packageName) });
  await eventually({
    what: 'the second purchase of the package is asked for',
    read: callsOf,
    isRight: (calls) => calls.length === 2,
  });
  await signalProcess({ process: service.worker, signal: 'SIGTERM' });
  await eventually({
    what: 'the worker drains',
    read: async () => service.logLines,
    isRight: (lines) => lines.some((line) => line.includes('Draining')),
  });
  await killProcess({ process: service.worker, signal: 'SIGTERM' });
  const [, left] = await callsOf();
  assert.equal(left?.committedAt, null, 'the worker left before the sale');
  const row = await db.purchases.findOne({ _id: `${orderId}#1` });
  assert.deepEqual([row?.state, row?.reply], ['sent', null]);
  await service.startWorker();
  const { status, server, failure } = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(status, 'active', failure?.message);
  const calls = await callsOf();
  assert.equal(calls.length, 2, 'one for the order before, one for this one');
  assert.equal(server?.ip, calls[1]?.soldAddress);
  const rows = await db.purchases.find({ orderId }).toArray();
  assert.deepEqual(
    rows.map(({ _id, state }) => [_id, state]),
    [[`${orderId}#1`, 'bought']],
  );
});

test('every fault fired, and both ledgers agree', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
});
