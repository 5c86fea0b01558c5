import { ActivityFailure, workflowInfo } from '@temporalio/workflow';
import { describeDuration } from '../src/domain/duration.ts';
import { credentialActivities, loginMail, records } from './activity-proxies.ts';
import { endingOf } from './decision-slot.ts';
import { orLate } from './or-late.ts';
import { type BuyingRun, type StepResult, stageOf } from './order-run.ts';

/** From a verified purchase to a delivered server, which ends the order. */
export async function deliverServer(
  run: BuyingRun,
  input: { purchaseId: string; ip: string },
): Promise<StepResult> {
  const notYet = await handServerOver(run, input);
  if (notYet) return notYet;
  const { ip } = input;
  await run.record.enter({
    status: 'active',
    text: `Delivered ${ip}; the login was mailed to the customer.`,
    next: { text: 'Nothing: the order is complete.', at: null },
    ip,
  });
  return { kind: 'ended', status: 'active' };
}

/** Waits for the login outside the lock, delivers, mails. @returns what is in the way; null once the customer knows. */
export async function handServerOver(
  run: BuyingRun,
  input: { purchaseId: string; ip: string },
): Promise<StepResult | null> {
  const { order, policy, record } = run;
  const { orderId } = order;
  const { purchaseId, ip } = input;
  // A remedy that was accepted while the purchase was settled goes first.
  if (endingOf(run.slot) !== null) return { kind: 'again' };
  await record.enter({
    status: stageOf(run, 'preparing'),
    text: `${run.isRemedy ? 'The customer gets' : 'Bought and verified'} ${ip}; waits for its login.`,
    next: {
      text: 'Delivers as soon as the supplier shows the login; needs a decision at',
      at: new Date(Date.now() + policy.credentialsLimitMs).toISOString(),
    },
  });
  if (!(await fetchLogin(run, input))) {
    const waited = describeDuration(policy.credentialsLimitMs);
    const message = `The supplier has shown no usable login for ${ip} for ${waited}.`;
    return { kind: 'failed', code: 'credentialsLate', message, purchaseId, ip };
  }
  const remedyOf = run.isRemedy ? { remedyOf: workflowInfo().workflowId } : {};
  const delivery = await records.deliverOrder({ orderId, purchaseId, ...remedyOf });
  if (delivery.kind === 'moneyGone') return { kind: 'again' };
  order.delivered = true;
  return mailLogin(run, { purchaseId, ip });
}

/** Looks until `credentialsAlert`, tells the admin, and looks on until `credentialsLimit`. */
async function fetchLogin(run: BuyingRun, input: { purchaseId: string; ip: string }): Promise<boolean> {
  const { order, policy, record } = run;
  const { purchaseId, ip } = input;
  const { credentialsAlertMs, credentialsLimitMs, credentialsEveryMs: everyMs } = policy;
  const look = { orderId: order.orderId, purchaseId, everyMs };
  const isWithin = async (limitMs: number) => {
    return (await orLate(credentialActivities(policy, limitMs).fetchCredentials(look))) !== 'late';
  };
  if (credentialsAlertMs >= credentialsLimitMs) return isWithin(credentialsLimitMs);
  if (await isWithin(credentialsAlertMs)) return true;
  const sinceMs = run.isRemedy ? Date.now() - credentialsAlertMs : record.sinceMs;
  const until = new Date(sinceMs + credentialsLimitMs).toISOString();
  record.note(`No login of ${ip} for ${describeDuration(credentialsAlertMs)}; the admin is told.`);
  run.notices.tell({
    factId: `credentialsLate:${purchaseId}`,
    notice: { kind: 'credentialsLate', ip, until },
  });
  return isWithin(credentialsLimitMs - credentialsAlertMs);
}

/** Delivered, but not told: a retry goes on with the mail, nothing is bought again. */
async function mailLogin(
  run: BuyingRun,
  { purchaseId, ip }: { purchaseId: string; ip: string },
): Promise<StepResult | null> {
  const { orderId } = run.order;
  const factId = `${orderId}:credentials:${purchaseId}`;
  try {
    await loginMail(run.policy).sendNotice({ orderId, factId, notice: { kind: 'credentials' } });
    return null;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const message = `The login of ${ip} could not be mailed: ${error.cause?.message ?? error.message}.`;
    return { kind: 'failed', code: 'credentialsLate', message, purchaseId, ip };
  }
}
