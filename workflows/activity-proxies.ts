import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { longestSettlingMs } from '../src/domain/settling-limits.ts';
import type { OrderActivities } from './contract/order-activities.ts';
import { inTurn } from './in-turn.ts';

/** Every time limit and retry policy of an order, on one screen. */

/** Reads and idempotent writes on our own database: safe to run more than once, one history event each. */
export const records = inTurn(
  proxyLocalActivities<
    Pick<
      OrderActivities,
      | 'readPolicy'
      | 'openOrder'
      | 'recordPayment'
      | 'planOrder'
      | 'projectOrder'
      | 'verifyServer'
      | 'deliverOrder'
      | 'restartOrder'
      | 'beginRemedy'
      | 'takeRemedy'
      | 'changeRemedy'
      | 'planRemedy'
      | 'makeApologyCode'
      | 'tellFreeMonth'
      | 'recordRefundByHand'
      | 'planReturn'
      | 'beginReturn'
      | 'recordReturnByHand'
      | 'noteOnOrder'
      | 'recordActs'
      | 'findCasePlace'
      | 'claimServer'
      | 'claimStranded'
      | 'returnClaim'
    >
  >({
    startToCloseTimeout: '20s',
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
  }),
);

/** Reading the supplier's stock costs nothing and may be repeated; an answer is a value, so few tries are failures. */
export const stock = inTurn(
  proxyLocalActivities<Pick<OrderActivities, 'checkStock' | 'markPackageDry'>>({
    startToCloseTimeout: '40s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '5s' },
  }),
);

/**
 * Within it a dead worker is noticed by what beats: what was under way when it died is tried again after seconds, not
 * after a whole `startToCloseTimeout`.
 */
const heartbeatTimeout = '15s';

/**
 * The purchase. Its retries are harmless: the ledger, not the number of attempts, keeps a rerun from calling the
 * supplier twice; a rerun answers from the ledger or watches the row of the attempt before.
 */
export function purchaseActivities(policy: ResolvedPolicy) {
  return proxyActivities<Pick<OrderActivities, 'buyVps'>>({
    startToCloseTimeout: policy.longestPurchaseMs + 60_000,
    heartbeatTimeout,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
    summary: 'Buy one server, at most once',
  });
}

/** Waits in the ledger for a purchase that was sent; beats while it waits. */
export function settlingActivities(policy: ResolvedPolicy) {
  return proxyActivities<Pick<OrderActivities, 'settlePurchase' | 'storePurchaseReply' | 'resolvePurchase'>>({
    startToCloseTimeout: longestSettlingMs(policy) + 120_000,
    heartbeatTimeout,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s' },
    summary: 'Wait until the purchase is settled',
  });
}

/** Polls for the login; an empty one is a benign failure that is tried again at the policy's pace. */
export function credentialActivities(policy: ResolvedPolicy, limitMs: number) {
  return proxyActivities<Pick<OrderActivities, 'fetchCredentials'>>({
    scheduleToCloseTimeout: limitMs,
    startToCloseTimeout: '60s',
    heartbeatTimeout,
    retry: {
      initialInterval: policy.credentialsEveryMs,
      backoffCoefficient: 1,
      maximumInterval: policy.credentialsEveryMs,
    },
    summary: "Wait for the server's login",
  });
}

/** Stopping and wiping: repeated under the same operation until it is done, at most `wipeLimit` in all. */
export function wipeActivities(policy: ResolvedPolicy) {
  return proxyActivities<Pick<OrderActivities, 'strandServer' | 'finishClaim'>>({
    scheduleToCloseTimeout: policy.wipeLimitMs,
    startToCloseTimeout: '60s',
    heartbeatTimeout,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
    summary: 'Stop and wipe the server',
  });
}

/** Pays for one more month; what a lost answer did is told by the server's expiry, so tries do no harm. */
export function renewalActivities(policy: ResolvedPolicy) {
  return proxyActivities<Pick<OrderActivities, 'renewServer'>>({
    scheduleToCloseTimeout: policy.wipeLimitMs,
    startToCloseTimeout: '2m',
    heartbeatTimeout,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
    summary: 'Renew the server',
  });
}

/** The mail with the login: an order must not wait for a broken mail server without end. */
export function loginMail(policy: ResolvedPolicy) {
  return proxyActivities<Pick<OrderActivities, 'sendNotice'>>({
    scheduleToCloseTimeout: policy.credentialsLimitMs,
    startToCloseTimeout: '60s',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
    summary: 'Mail the login',
  });
}

/** Mails: each fact once, tried until the mail server takes it. */
export const notices = proxyActivities<Pick<OrderActivities, 'sendNotice'>>({
  startToCloseTimeout: '60s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '5m' },
  summary: 'Tell by mail',
});

/** Telling the workflow that owned the order before; what it still holds is guarded by the ledger, so it may be late. */
export const dismissal = proxyActivities<Pick<OrderActivities, 'dismissOwner'>>({
  startToCloseTimeout: '60s',
  heartbeatTimeout,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  summary: 'Tell the workflow that owned the order',
});

/** Money that goes back: asked for under one id until the gateway has taken it, then asked about. */
export function refundActivities(policy: ResolvedPolicy) {
  return proxyActivities<Pick<OrderActivities, 'startRefund' | 'awaitRefund'>>({
    scheduleToCloseTimeout: policy.refundLimitMs,
    startToCloseTimeout: '60s',
    heartbeatTimeout,
    retry: {
      initialInterval: Math.min(5_000, policy.askGatewayEveryMs),
      backoffCoefficient: 2,
      maximumInterval: policy.askGatewayEveryMs,
    },
    summary: 'Give the money back',
  });
}
