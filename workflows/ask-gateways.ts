import { proxyActivities } from '@temporalio/workflow';
import type { AskActivities, AskGatewaysResult, CheckoutsAsked } from './contract/ask-gateways.ts';

/** Normal activities that beat, few tries: the schedule comes again soon. */
const {
  askGateways: askPage,
  beginReturns,
  tellTakenBack,
} = proxyActivities<AskActivities>({
  startToCloseTimeout: '4m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
});

/**
 * One look for payments whose webhook was lost, by the schedule `ask-gateways`: every unpaid checkout is asked about
 * at its gateway, and so are those that expired or were paid a while ago. Refunds that were taken back meanwhile are told, and what
 * is owed to customers is given back.
 */
export async function askGateways(): Promise<AskGatewaysResult> {
  return {
    open: await askAll('open'),
    expired: await askAll('expired'),
    paid: await askAll('paid'),
    takenBack: await tellTakenBack().catch(() => null),
    owedBack: await beginReturns().catch(() => null),
  };
}

async function askAll(which: 'open' | 'expired' | 'paid'): Promise<Omit<CheckoutsAsked, 'next'> | null> {
  const sum = { asked: 0, paid: 0, expired: 0, troubles: 0 };
  let after: string | null = null;
  try {
    do {
      const found: CheckoutsAsked = await askPage({ which, after });
      sum.asked += found.asked;
      sum.paid += found.paid;
      sum.expired += found.expired;
      sum.troubles += found.troubles;
      after = found.next;
    } while (after !== null);
  } catch {
    return null;
  }
  return sum;
}
