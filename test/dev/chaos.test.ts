import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChaosEvidence, judgeChaos } from '../../src/dev/chaos-figures.ts';
import { planChaos } from '../../src/dev/chaos-plan.ts';
import { chaosVictims } from '../../src/dev/chaos-service.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import { summarise } from '../../src/simulator/ledger.ts';
import { aPurchase, aTenancy } from '../support/builders.ts';

const sentAt = '2026-11-21T10:00:00.000Z';
const ip = '103.181.91.10';

function aCall(changes: Partial<PurchaseCall> = {}): PurchaseCall {
  return {
    callId: 'buy-1',
    startedAt: '2026-11-21T10:00:00.100Z',
    committedAt: '2026-11-21T10:00:00.400Z',
    answeredAt: null,
    endedAt: '2026-11-21T10:00:00.400Z',
    startSequence: 1,
    endSequence: 2,
    request: { ip: '103.181.91', ram: '8' },
    username: 'shop',
    soldAddress: ip,
    packageOfAddress: '103.181.91',
    answer: 'lost',
    rawAnswer: null,
    closedEarlyByClient: false,
    ...changes,
  };
}

const server = (tenancy: Tenancy) => ({
  _id: `smartvps:${ip}`,
  supplier: 'smartvps' as const,
  ip,
  tenancy,
  history: [],
});
const foundByAsking = 'The answer was lost; the address was found by asking.';

/** One order whose answer was lost, settled by evidence and delivered. */
function evidence(changes: Partial<ChaosEvidence> = {}, calls = [aCall()]): ChaosEvidence {
  return {
    orders: [{ orderId: 'ord-1', packageName: '103.181.91', status: 'active', ip, failureCode: null }],
    purchases: [aPurchase({ _id: 'ord-1#1', state: 'bought', sentAt, ip, why: foundByAsking })],
    servers: [server(aTenancy({ state: 'delivered', purchaseId: 'ord-1#1', orderId: 'ord-1' }))],
    ledger: { purchases: calls, summary: summarise(calls) },
    leftovers: [],
    refused: 0,
    kills: 3,
    faults: 2,
    seconds: 10,
    ...changes,
  };
}

test('the same seed draws the same plan of orders, kills and faults, another seed another one', () => {
  const plan = (seed: number) => planChaos({ orders: 30, seed, victims: ['worker', 'api', 'temporal'] });
  assert.deepEqual(plan(7), plan(7));
  assert.notDeepEqual(plan(7).kills, plan(8).kills);
  assert.notDeepEqual(plan(7).faults, plan(8).faults);
  const gaps = plan(7).kills.map(({ atMs }, index, kills) => atMs - (kills[index - 1]?.atMs ?? 0));
  assert.ok(
    gaps.every((gap) => gap >= 5_000 && gap <= 10_000),
    `kills come every 5 to 10 s: ${gaps}`,
  );
});

test('what the environment names belongs to somebody else and is never killed', () => {
  assert.ok(chaosVictims({}).includes('temporal'));
  assert.ok(chaosVictims({}).includes('database'));
  const victims = chaosVictims({ TEMPORAL_ADDRESS: '127.0.0.1:7233', MONGODB_URI: 'mongodb://127.0.0.1/' });
  assert.deepEqual([...new Set(victims)], ['worker', 'api']);
});

test('a lost answer that evidence settled rightly counts as settled, and nothing is broken', () => {
  const { figures, broken } = judgeChaos(evidence());
  assert.deepEqual(broken, []);
  assert.deepEqual(
    [figures.delivered, figures.unknownSettled, figures.unknownParked, figures.settledWrong],
    [1, 1, 0, 0],
  );
  assert.deepEqual([figures.kills, figures.faults], [3, 2]);
});

test('a lost answer that was settled as not bought although a server was sold is counted and told', () => {
  const row = aPurchase({ _id: 'ord-1#1', state: 'notBought', sentAt });
  const { figures, broken } = judgeChaos(evidence({ purchases: [row], servers: [] }));
  assert.equal(figures.settledWrong, 1);
  assert.ok(
    broken.some((sentence) => sentence.includes('ord-1#1 was settled as notBought')),
    broken.join('\n'),
  );
});

test('a lost answer that was settled as another address than the one sold is counted and told', () => {
  const { figures, broken } = judgeChaos(evidence({}, [aCall({ soldAddress: '103.181.91.11' })]));
  assert.equal(figures.settledWrong, 1);
  assert.notDeepEqual(broken, []);
});

test('a second sale for one purchase is told as bought twice and as a server without a tenancy', () => {
  const again = aCall({
    callId: 'buy-2',
    startedAt: '2026-11-21T10:02:00.000Z',
    soldAddress: '103.181.91.11',
  });
  const { figures, broken } = judgeChaos(evidence({}, [aCall(), again]));
  assert.equal(figures.doublePurchases, 1);
  assert.ok(broken.some((sentence) => sentence.includes('103.181.91.11 was sold and has 0 tenancies')));
});

test('a server that waits in a case is accounted for, a purchase that is still open is not', () => {
  const parked = aPurchase({ _id: 'ord-1#1', state: 'case', sentAt });
  const orders = [
    {
      orderId: 'ord-1',
      packageName: '103.181.91',
      status: 'failed',
      ip: null,
      failureCode: 'purchaseUnknown',
    },
  ];
  const { figures, broken } = judgeChaos(evidence({ orders, purchases: [parked], servers: [] }));
  assert.deepEqual(broken, []);
  assert.equal(figures.unknownParked, 1);
  const open = judgeChaos(evidence({ orders, purchases: [{ ...parked, state: 'unknown' }], servers: [] }));
  assert.ok(open.broken.includes('purchase ord-1#1 is still unknown'), open.broken.join('\n'));
});

test('an order that is still on its way when the time is over is stuck, and an address for two orders is told', () => {
  const [order] = evidence().orders;
  assert.ok(order);
  const stuck = judgeChaos(evidence({ orders: [{ ...order, status: 'provisioning', ip: null }] }));
  assert.equal(stuck.figures.stuck, 1);
  assert.ok(stuck.broken.includes('order ord-1 is still provisioning'));
  const shared = judgeChaos(evidence({ orders: [order, { ...order, orderId: 'ord-2' }] }));
  assert.ok(shared.broken.includes(`${ip} was delivered to ord-1 and ord-2`));
});
