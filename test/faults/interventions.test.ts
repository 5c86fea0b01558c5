import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interventionTable } from '../../src/domain/interventions.ts';
import { endStatuses } from '../../src/domain/order.ts';
import { eventually } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, startTestService } from '../support/service.ts';
import { type Fate, interventionCases, packageOfCase, playCase } from './interventions.ts';

/*
 * Terminate, Request Cancellation and Reset of an order, of its remedy and of the lock, in each status: one order (or
 * a queue of them) per row, all in one service under the watch. Judged from outside: the supplier's and the gateway's
 * books, the documents, and what the owner's query says.
 */

const casesAtOnce = 8;
const packages = interventionCases.map(packageOfCase);
const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: interventionCases.flatMap((row, index) => {
      const name = packageOfCase(row);
      if (row.obstacle === 'unknownPackage') return [];
      return [{ id: 100 + index, name, addresses: row.obstacle === 'noStock' ? [] : [`${name}.10-60`] }];
    }),
  },
  policy: {
    watchOrdersEvery: '1s',
    longestPurchase: '12s',
    provisioningLimit: '12s',
    stockEvery: '500ms',
    holderCheckEvery: '500ms',
    askGatewayEvery: '300ms',
    automaticRetries: [],
    reminders: ['5s'],
    decisionDeadline: '30s',
    waitForStock: '10m',
    refundLimit: '2m',
    wipeLimit: '1m',
    breakerAfter: 100,
  },
});
// The gateway pays no refund before somebody there says so.
await service.simulator.addFaults({
  call: 'cashfree.createRefund',
  do: { kind: 'refundOutcome', status: 'ONHOLD' },
});

const fates = playAll();

/** So many cases at once; every test waits for its own. */
function playAll(): Map<string, Promise<Fate>> {
  const waiting = [...interventionCases];
  const started = new Map<string, Promise<Fate>>();
  const gates = new Map(waiting.map(({ name }) => [name, Promise.withResolvers<Fate>()]));
  for (const { name } of waiting) {
    const promise = gates.get(name)?.promise;
    if (!promise) continue;
    promise.catch(() => undefined);
    started.set(name, promise);
  }
  const playOn = async (): Promise<void> => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      const gate = gates.get(row.name);
      await playCase(service, row).then(gate?.resolve, gate?.reject);
    }
  };
  for (let lane = 0; lane < casesAtOnce; lane += 1) void playOn();
  return started;
}

for (const row of interventionCases) {
  const { name, status, target, act } = row;
  test(name, async () => {
    const fate = await fates.get(name);
    assert.ok(fate);
    const expected = interventionTable[status][target][act];
    // Temporal takes a Request Cancellation or a Reset of what has ended as well.
    if (act === 'terminate')
      assert.equal(fate.wasThere, expected.effect !== 'nothingThere' || row.targetRuns === true);
    if (expected.effect === 'startedAgain' && target !== 'lock') assert.equal(fate.restarts, 1, fate.story);
    // Between the hand-over and the start of the remedy the watch may be the one that starts it.
    else assert.ok(fate.restarts <= (row.ends.some((end) => end !== 'active') ? 1 : 0), fate.story);
    assert.deepEqual(fate.ends, row.ends, fate.story);
    assert.deepEqual(fate.troubles, [], fate.story);
    // A failure that waits goes on waiting: it is not met, mailed and counted anew.
    if (status === 'failed' && target === 'order') assert.equal(fate.failures, 1, fate.story);
    if (act !== 'cancel' || target === 'lock' || expected.effect === 'nothingThere') return;
    const isHeeded = row.ends.includes('cancelled');
    assert.equal(fate.story.includes('Refused: cancelOrder by Temporal Web UI'), !isHeeded, fate.story);
  });
}

test('after all of it every order has ended, and the ledgers agree', async () => {
  await Promise.allSettled(fates.values());
  const open = await eventually({
    what: 'no order is open',
    read: () => service.db.orders.find({ open: true }).toArray(),
    isRight: (orders) => orders.length === 0,
  });
  assert.deepEqual(open, []);
  const orders = await service.db.orders.find().toArray();
  for (const { _id, status } of orders) assert.ok(endStatuses.includes(status), `${_id} is ${status}`);
  await assertLedgersAgree(service);
});
