import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Consequence,
  type InterventionAct,
  type InterventionTarget,
  interventionActs,
  interventionTable,
  interventionTargets,
} from '../../src/domain/interventions.ts';
import {
  endStatuses,
  type FailureCode,
  failureCodes,
  type OrderStatus,
  orderStatuses,
} from '../../src/domain/order.ts';
import { answerCancel } from '../../src/domain/order-lifecycle.ts';
import { defaultPolicy, type ResolvedPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { boundOf, isAllowedMove, planFailure, statusTable } from '../../src/domain/state-table.ts';

const usual = resolvePolicy(defaultPolicy);
const ms = fc.integer({ min: 0, max: 90 * 86_400_000 });
const policies: fc.Arbitrary<ResolvedPolicy> = fc
  .record({
    longestPurchaseMs: ms,
    lockWaitLimitMs: ms,
    waitForStockMs: ms,
    credentialsAlertMs: ms,
    credentialsLimitMs: ms,
    provisioningLimitMs: ms,
    decisionDeadlineMs: ms,
    refundLimitMs: ms,
    wipeLimitMs: ms,
    settleAfterMs: ms,
    notBoughtAfterMs: ms,
    checkoutExpiryMs: ms,
    askGatewayEveryMs: ms,
    automaticRetriesMs: fc.array(ms, { maxLength: 5 }),
    remindersMs: fc.array(ms, { maxLength: 5 }),
    decisionDefault: fc.constantFrom('refund' as const, 'keepReminding' as const),
  })
  .map((changes) => ({ ...usual, ...changes }));

/** Statuses that an order can come to from its first one, by whatever mover. */
function reachable(): OrderStatus[] {
  const seen = new Set<OrderStatus>(['pendingPayment']);
  for (const status of seen) for (const { to } of statusTable[status].moves) seen.add(to);
  return [...seen];
}

const automatic = ['step', 'limit', 'sweep'];

/** The shortest way of automatic moves to an end, with the longest stays on it; undefined where there is none. */
function wayToAnEnd(
  from: OrderStatus,
  policy: ResolvedPolicy,
): { statuses: OrderStatus[]; ms: number } | undefined {
  let ways = [{ statuses: [from], ms: 0 }];
  const seen = new Set<OrderStatus>();
  while (ways.length > 0) {
    const next: typeof ways = [];
    for (const way of ways) {
      const last = way.statuses.at(-1) as OrderStatus;
      if (endStatuses.includes(last)) return way;
      if (seen.has(last)) continue;
      seen.add(last);
      const stayMs = boundOf({ status: last, policy });
      // A failed order under keepReminding stays until a person decides: its own test is below.
      if (stayMs === null) continue;
      const moves = statusTable[last].moves.filter(({ by }) => automatic.includes(by));
      next.push(...moves.map(({ to }) => ({ statuses: [...way.statuses, to], ms: way.ms + stayMs })));
    }
    ways = next;
  }
  return undefined;
}

test('every status can be reached, and every move leads to a status that the table knows', () => {
  assert.deepEqual(reachable().sort(), [...orderStatuses].sort());
  for (const status of orderStatuses) {
    const ways = statusTable[status].moves.map(({ to }) => to);
    assert.equal(new Set(ways).size, ways.length, `${status} names a move twice`);
    assert.ok(!ways.includes(status), `${status} moves to itself`);
  }
});

test('from every reachable status automatic moves lead to an end within a bounded time, for every policy', () => {
  fc.assert(
    fc.property(policies, (drawn) => {
      const policy: ResolvedPolicy = { ...drawn, decisionDefault: 'refund' };
      for (const status of reachable()) {
        const way = wayToAnEnd(status, policy);
        assert.ok(way, `${status} has no way to an end`);
        assert.ok(Number.isFinite(way.ms) && way.ms >= 0, `${way.statuses} takes ${way.ms} ms`);
      }
    }),
    { numRuns: 500 },
  );
});

test('a status that does not end is bounded, or is a decision that is reminded of without end', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      for (const status of orderStatuses) {
        const bound = boundOf({ status, policy });
        if (endStatuses.includes(status)) assert.equal(bound, null, status);
        else if (status === 'failed' && policy.decisionDefault === 'keepReminding') assert.equal(bound, null);
        else assert.ok(bound !== null && bound >= 0, `${status} is not bounded`);
      }
    }),
  );
});

const failures = fc.record({
  code: fc.constantFrom(...failureCodes),
  policy: policies,
  retriesDone: fc.nat({ max: 8 }),
  mayRetry: fc.boolean(),
  hasDelivered: fc.boolean(),
});

test('every failure is tried again, ends by its default, or is reminded of without end, for every policy', () => {
  fc.assert(
    fc.property(failures, (failure) => {
      const { moments, default: byDefault, repeatMs } = planFailure(failure);
      const last = moments.at(-1);
      assert.ok(last, 'something happens by itself');
      const times = moments.map(({ afterMs }) => afterMs);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
        'in the order of time',
      );
      if (last.kind === 'retry') assert.equal(repeatMs, null);
      else if (byDefault === 'keepReminding') assert.ok(repeatMs !== null && repeatMs > 0);
      else assert.ok(last.kind === 'deadline' && last.default === byDefault && repeatMs === null);
    }),
    { numRuns: 5_000 },
  );
});

test('automatic retries come to an end, also where each of them fails at once', () => {
  fc.assert(
    fc.property(failures, (failure) => {
      const limit = failure.policy.automaticRetriesMs.length;
      const plan = planFailure({ ...failure, retriesDone: limit });
      assert.equal(plan.moments.at(-1)?.kind, 'deadline');
    }),
  );
});

const neverRefundedByThemselves: FailureCode[] = ['compensationBlocked', 'internalError'];

test('no default moves money where the money is stuck, too little is known, or a server is delivered', () => {
  fc.assert(
    fc.property(failures, (failure) => {
      const plan = planFailure(failure);
      const isKept = failure.hasDelivered || neverRefundedByThemselves.includes(failure.code);
      if (isKept || failure.policy.decisionDefault === 'keepReminding')
        assert.equal(plan.default, 'keepReminding');
      else assert.equal(plan.default, failure.code === 'paymentMismatch' ? 'cancel' : 'refund');
    }),
  );
});

test('what needs a look is never tried again by itself', () => {
  const retried = failureCodes.filter((code) => {
    const plan = planFailure({ code, policy: usual, retriesDone: 0, mayRetry: true, hasDelivered: false });
    return plan.moments.some(({ kind }) => kind === 'retry');
  });
  assert.deepEqual(retried.sort(), [
    'credentialsLate',
    'lockTimeout',
    'packageUnavailable',
    'purchaseRefused',
    'supplierUnreachable',
  ]);
  const refused = { code: 'purchaseRefused' as const, policy: usual, retriesDone: 0, hasDelivered: false };
  const kinds = planFailure({ ...refused, mayRetry: false }).moments.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['reminder', 'reminder', 'reminder', 'deadline']);
});

test('a reminder that would lie behind its deadline is skipped', () => {
  const policy = { ...usual, remindersMs: [3_000, 1_000, 9_000], decisionDeadlineMs: 5_000 };
  const plan = planFailure({
    code: 'wrongPackage',
    policy,
    retriesDone: 0,
    mayRetry: true,
    hasDelivered: false,
  });
  assert.deepEqual(
    plan.moments.map(({ kind, afterMs }) => [kind, afterMs]),
    [
      ['reminder', 1_000],
      ['reminder', 3_000],
      ['deadline', 5_000],
    ],
  );
});

test('delivered, refunded and cancelled orders are never provisioned again', () => {
  for (const status of ['active', 'refunded', 'cancelled'] as const) {
    for (const to of ['queued', 'waitingForStock', 'provisioning', 'preparing'] as const) {
      assert.equal(isAllowedMove(status, to), false, `${status} -> ${to}`);
    }
  }
});

interface InterventionRow extends Consequence {
  status: OrderStatus;
  target: InterventionTarget;
  act: InterventionAct;
  name: string;
}

const interventions: InterventionRow[] = orderStatuses.flatMap((status) =>
  interventionTargets.flatMap((target) =>
    interventionActs.map((act) => ({
      status,
      target,
      act,
      name: `${act} of the ${target} in ${status}`,
      ...interventionTable[status][target][act],
    })),
  ),
);

/** The workflow that owns an order in a status, as the target of an intervention. */
const ownersOf = (status: OrderStatus): InterventionTarget[] => {
  const { owner } = statusTable[status];
  return [
    ...(owner.includes('provisionOrder') ? ['order' as const] : []),
    ...(owner.includes('compensateOrder') ? ['compensation' as const] : []),
  ];
};

test('every intervention on every workflow in every status has a row that says where it leads', () => {
  assert.equal(interventions.length, orderStatuses.length * 9);
  for (const { name, leadsTo, says } of interventions) {
    assert.ok(leadsTo.length > 0 && says.length > 0, name);
  }
});

test('an intervention leaves the order where it is, or leads where a step of the table may lead', () => {
  for (const { status, leadsTo, effect, name } of interventions) {
    for (const to of leadsTo) {
      assert.ok(isAllowedMove(status, to), `${name} leads to ${to}`);
    }
    if (effect === 'ignored' || effect === 'nothingThere')
      assert.ok(leadsTo.includes(status), `${name} changes nothing`);
  }
});

test('from wherever an intervention leads, automatic moves lead to an end within a bounded time', () => {
  fc.assert(
    fc.property(policies, fc.constantFrom(...interventions), (drawn, { leadsTo, name }) => {
      const policy: ResolvedPolicy = { ...drawn, decisionDefault: 'refund' };
      for (const to of leadsTo) assert.ok(wayToAnEnd(to, policy), `${name} leads to ${to}, which has no end`);
    }),
    { numRuns: 500 },
  );
});

test('whichever workflow owns an order that has not ended, its loss is made good', () => {
  for (const status of orderStatuses) {
    if (endStatuses.includes(status)) continue;
    for (const target of ownersOf(status)) {
      const { terminate, reset } = interventionTable[status][target];
      assert.deepEqual(
        [terminate.effect, reset.effect],
        ['startedAgain', 'repeated'],
        `${target}, ${status}`,
      );
    }
  }
});

test('no intervention moves an order that has ended', () => {
  for (const { status, leadsTo, effect, name } of interventions) {
    if (!endStatuses.includes(status)) continue;
    assert.deepEqual(leadsTo, [status], name);
    assert.ok(effect === 'nothingThere' || effect === 'repeated', name);
  }
});

test('Request Cancellation of an order is the message cancelOrder, row for row', () => {
  for (const status of orderStatuses) {
    const { effect } = interventionTable[status].order.cancel;
    if (effect === 'nothingThere') continue;
    const [unsent, sent] = [false, true].map(
      (wasSent) => answerCancel({ orderId: 'ord-1', status, decided: null, sent: wasSent }).kind,
    );
    assert.equal(unsent, effect === 'ends' ? 'accepted' : 'refused', status);
    assert.equal(sent, 'refused', status);
  }
});

test('Request Cancellation of a remedy or a lock ends nothing', () => {
  for (const { target, act, effect, name } of interventions) {
    if (target !== 'order' && act === 'cancel') assert.notEqual(effect, 'ends', name);
  }
});
