import type { FailureCode, OrderStatus } from './order.ts';
import type { ResolvedPolicy } from './policy.ts';
import { longestSettlingMs } from './settling-limits.ts';

/** Who makes a move: a step of the work, a time limit, a person, a payment, or the sweep over unpaid checkouts. */
export type Mover = 'step' | 'limit' | 'person' | 'payment' | 'sweep';

export interface Move {
  to: OrderStatus;
  by: Mover;
  /** When it is made, in words. */
  when: string;
}

/** One row of the table: who is responsible, where the order may go, and what bounds its stay. */
export interface StatusRow {
  owner: 'nobody' | 'provisionOrder' | 'compensateOrder' | 'provisionOrder or compensateOrder';
  moves: readonly Move[];
  /** What bounds the stay, in words. */
  boundedBy: string;
  /** Longest stay in ms; null for an end, and for a decision that is only reminded of. */
  boundMs: (policy: ResolvedPolicy) => number | null;
}

/** Work that no limit names: a few calls of our own, a mail, a start of a workflow. */
const slackMs = 60_000;

/** The statuses of an order (design 3): from this table come the workflow's checks, the documents and the tests. */
export const statusTable: Record<OrderStatus, StatusRow> = {
  pendingPayment: {
    owner: 'nobody',
    moves: [
      { to: 'queued', by: 'payment', when: 'the right payment has arrived' },
      { to: 'failed', by: 'payment', when: 'only a wrong payment has arrived, or the order cannot be read' },
      { to: 'preparing', by: 'step', when: 'a run before this one has bought the server' },
      { to: 'active', by: 'step', when: 'a run before this one has delivered' },
      { to: 'cancelled', by: 'person', when: 'it is cancelled before it is paid' },
      { to: 'expired', by: 'sweep', when: 'it was never paid' },
    ],
    boundedBy: 'checkoutExpiry, then the sweep asks the gateway',
    boundMs: (policy) => policy.checkoutExpiryMs + policy.askGatewayEveryMs + slackMs,
  },
  queued: {
    owner: 'provisionOrder',
    moves: [
      { to: 'provisioning', by: 'step', when: 'it holds the lock of the package' },
      { to: 'preparing', by: 'step', when: 'a stranded server was made ready for it' },
      { to: 'active', by: 'step', when: 'it is a renewal, and its server is renewed' },
      { to: 'failed', by: 'limit', when: 'the lock was busy for lockWaitLimit' },
      { to: 'compensating', by: 'person', when: 'it is cancelled: its money goes back' },
    ],
    boundedBy: 'lockWaitLimit, not counting the time that the lock is paused',
    boundMs: (policy) => policy.lockWaitLimitMs + (policy.claimStranded ? policy.wipeLimitMs : 0) + slackMs,
  },
  waitingForStock: {
    owner: 'provisionOrder',
    moves: [
      { to: 'queued', by: 'step', when: 'the package has stock again, or somebody asks for a retry' },
      { to: 'preparing', by: 'step', when: 'a stranded server was made ready for it' },
      { to: 'failed', by: 'limit', when: 'no stock has come for waitForStock' },
      { to: 'compensating', by: 'person', when: 'it is cancelled: its money goes back' },
    ],
    boundedBy: 'waitForStock',
    boundMs: (policy) => policy.waitForStockMs + slackMs,
  },
  provisioning: {
    owner: 'provisionOrder',
    moves: [
      { to: 'preparing', by: 'step', when: 'the right server is bought and verified' },
      { to: 'waitingForStock', by: 'step', when: 'the package is at its reserve or dry' },
      { to: 'queued', by: 'step', when: 'nothing was bought and it has to ask for the lock again' },
      { to: 'failed', by: 'limit', when: 'the purchase failed, is wrong, or stays unknown' },
    ],
    boundedBy: 'the larger of provisioningLimit and longestPurchase + settling + 5 minutes',
    boundMs: (policy) =>
      Math.max(policy.provisioningLimitMs, policy.longestPurchaseMs + longestSettlingMs(policy) + 300_000),
  },
  preparing: {
    owner: 'provisionOrder',
    moves: [
      { to: 'active', by: 'step', when: 'the login is stored, delivered and mailed' },
      {
        to: 'failed',
        by: 'limit',
        when: 'no login has come, or it could not be mailed, for credentialsLimit',
      },
      { to: 'refunded', by: 'step', when: 'the money has gone back meanwhile' },
    ],
    boundedBy: 'credentialsLimit for the login, and once more for its mail',
    boundMs: (policy) => 2 * policy.credentialsLimitMs + slackMs,
  },
  active: {
    owner: 'provisionOrder',
    moves: [{ to: 'compensating', by: 'person', when: 'an admin begins a remedy, or a free month is over' }],
    boundedBy: 'nothing: an end, open while a free month runs (freeMonth)',
    boundMs: () => null,
  },
  failed: {
    owner: 'provisionOrder or compensateOrder',
    moves: [
      { to: 'queued', by: 'step', when: 'it is retried, by a person or by itself' },
      { to: 'preparing', by: 'step', when: 'it is retried, and the right server is bought already' },
      { to: 'active', by: 'step', when: 'it is retried, and the server was delivered already' },
      { to: 'compensating', by: 'limit', when: 'a remedy is chosen, or nobody decides by decisionDeadline' },
      { to: 'refunded', by: 'step', when: 'the money has gone back meanwhile' },
      { to: 'cancelled', by: 'step', when: 'it was cancelled meanwhile' },
    ],
    boundedBy: 'decisionDeadline, then its default; where that is keepReminding, reminders without end',
    boundMs: (policy) => (policy.decisionDefault === 'refund' ? policy.decisionDeadlineMs + slackMs : null),
  },
  compensating: {
    owner: 'compensateOrder',
    moves: [
      { to: 'refunded', by: 'step', when: 'the gateway says that all the money is back' },
      { to: 'cancelled', by: 'step', when: 'the same, and nothing was ever sent to the supplier' },
      { to: 'active', by: 'step', when: 'the customer has a server, and nothing of the remedy is left' },
      {
        to: 'failed',
        by: 'limit',
        when: 'a leg cannot be taken: the gateway or the supplier refuses, or does not answer in its time',
      },
    ],
    boundedBy:
      'refundLimit to give the refund to the gateway and for its word, wipeLimit for the server; for another ' +
      'server lockWaitLimit, waitForStock, what a purchase takes, and credentialsLimit twice',
    boundMs: (policy) =>
      2 * policy.refundLimitMs +
      policy.lockWaitLimitMs +
      policy.waitForStockMs +
      2 * policy.credentialsLimitMs +
      2 * policy.wipeLimitMs +
      policy.longestPurchaseMs +
      longestSettlingMs(policy) +
      300_000,
  },
  refunded: { owner: 'compensateOrder', moves: [], boundedBy: 'nothing: an end', boundMs: () => null },
  cancelled: { owner: 'compensateOrder', moves: [], boundedBy: 'nothing: an end', boundMs: () => null },
  expired: {
    owner: 'nobody',
    moves: [
      { to: 'queued', by: 'payment', when: 'it is paid after all' },
      { to: 'failed', by: 'payment', when: 'a wrong payment arrives after all' },
    ],
    boundedBy: 'nothing: an end',
    boundMs: () => null,
  },
};

/** True where the table allows the move; staying (with another text or failure) always is. */
export function isAllowedMove(from: OrderStatus, to: OrderStatus): boolean {
  return from === to || statusTable[from].moves.some((move) => move.to === to);
}

/** How long an order may stay in a status, in ms after `statusSince`; null where nothing bounds it. */
export function boundOf(input: {
  status: OrderStatus;
  policy: ResolvedPolicy;
  failureCode?: FailureCode | undefined;
  hasDelivered?: boolean;
}): number | null {
  const { status, policy, failureCode, hasDelivered = false } = input;
  if (status === 'failed' && failureCode && (hasDelivered || remindedWithoutEnd.includes(failureCode)))
    return null;
  return statusTable[status].boundMs(policy);
}

/** What is done by itself for a failed order that nobody decides. */
export type DecisionDefault = 'refund' | 'cancel' | 'keepReminding';

/** Failures in which no money moves by itself: too little is known, or the money is what is stuck. */
const remindedWithoutEnd: readonly FailureCode[] = ['compensationBlocked', 'internalError'];

/** Failures that another try can heal without a person's look. */
const retriedByThemselves: readonly FailureCode[] = [
  'packageUnavailable',
  'purchaseRefused',
  'supplierUnreachable',
  'credentialsLate',
  'lockTimeout',
];

/** True for failures that another try can heal without a person's look (design 3). */
export function isRetriedByItself(code: FailureCode): boolean {
  return retriedByThemselves.includes(code);
}

/** One thing that happens by itself while a failed order waits, counted in ms from the failure. */
export type FailureMoment =
  | { kind: 'retry'; afterMs: number }
  | { kind: 'reminder'; afterMs: number; nth: number }
  | { kind: 'deadline'; afterMs: number; default: DecisionDefault };

export interface FailurePlan {
  /** In the order of time; after a `retry` or an acting `deadline` nothing follows. */
  moments: FailureMoment[];
  default: DecisionDefault;
  /** After the last moment the admin is reminded every so often; null where the default ends the wait. */
  repeatMs: number | null;
}

/**
 * What happens by itself for a failed order, by the policy alone: an automatic retry where the code allows one and
 * one is left, reminders, and the deadline with its default. Every plan leads out of `failed` or reminds for ever.
 */
export function planFailure(input: {
  code: FailureCode;
  policy: Pick<
    ResolvedPolicy,
    'automaticRetriesMs' | 'remindersMs' | 'decisionDeadlineMs' | 'decisionDefault'
  >;
  /** Automatic retries since a person last decided. */
  retriesDone: number;
  /** False where another try is known to do harm or no good. */
  mayRetry: boolean;
  hasDelivered: boolean;
}): FailurePlan {
  const { code, policy, retriesDone, mayRetry } = input;
  const byDefault = defaultOf(input);
  const retryAfterMs =
    mayRetry && isRetriedByItself(code) ? policy.automaticRetriesMs[retriesDone] : undefined;
  const deadline: FailureMoment = {
    kind: 'deadline',
    afterMs: policy.decisionDeadlineMs,
    default: byDefault,
  };
  const reminders = [...policy.remindersMs]
    .sort((a, b) => a - b)
    .filter((afterMs) => afterMs < policy.decisionDeadlineMs)
    .map((afterMs, index): FailureMoment => ({ kind: 'reminder', afterMs, nth: index + 1 }));
  const repeatMs = Math.max(...policy.remindersMs, policy.decisionDeadlineMs, 1);
  if (retryAfterMs !== undefined && retryAfterMs < policy.decisionDeadlineMs) {
    const before = reminders.filter(({ afterMs }) => afterMs < retryAfterMs);
    return {
      moments: [...before, { kind: 'retry', afterMs: retryAfterMs }],
      default: byDefault,
      repeatMs: null,
    };
  }
  return {
    moments: [...reminders, deadline],
    default: byDefault,
    repeatMs: byDefault === 'keepReminding' ? repeatMs : null,
  };
}

function defaultOf(input: {
  code: FailureCode;
  policy: Pick<ResolvedPolicy, 'decisionDefault'>;
  hasDelivered: boolean;
}): DecisionDefault {
  const { code, policy, hasDelivered } = input;
  if (hasDelivered || remindedWithoutEnd.includes(code)) return 'keepReminding';
  if (policy.decisionDefault === 'keepReminding') return 'keepReminding';
  return code === 'paymentMismatch' ? 'cancel' : 'refund';
}
