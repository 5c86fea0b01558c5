import { ActivityFailure } from '@temporalio/workflow';
import { assertNever } from '../src/domain/assert-never.ts';
import { renewalActivities } from './activity-proxies.ts';
import { endingOf, refundByItself } from './decision-slot.ts';
import type { OrderRun, StepResult } from './order-run.ts';

/** A paid renewal: the supplier is paid for one more month, once; where the month is over the money goes back. */
export async function renewServer(run: OrderRun): Promise<StepResult> {
  const { record, slot, order, notices } = run;
  await record.enter({
    status: 'queued',
    text: 'Renews the server for one more month.',
    next: { text: 'The supplier answers within minutes.', at: null },
  });
  // What was decided while the status was written comes first: nothing is sent yet.
  if (endingOf(slot) !== null) return { kind: 'again' };
  order.sent = true;
  run.isRenewing = true;
  const renewal = await orWhy(renewalActivities(run.policy).renewServer({ orderId: order.orderId }));
  run.isRenewing = false;
  if (typeof renewal === 'string') return { kind: 'failed', code: 'supplierUnreachable', message: renewal };
  switch (renewal.kind) {
    case 'renewed': {
      const { ip, until } = renewal;
      notices.tell({ factId: 'serverRenewed', notice: { kind: 'serverRenewed', ip, until } });
      await record.enter({
        status: 'active',
        text: `${ip} is renewed until ${until}.`,
        next: { text: 'Nothing: the order is complete.', at: null },
        ip,
      });
      return { kind: 'ended', status: 'active' };
    }
    case 'closed':
      record.note(`${renewal.sentence} The money goes back.`);
      slot.fill(refundByItself({ by: 'the shop', reason: renewal.sentence }));
      return { kind: 'again' };
    case 'unclear':
      return { kind: 'failed', code: 'purchaseUnknown', message: renewal.sentence };
    default:
      return assertNever(renewal);
  }
}

/** What the activity answers, or why it did not in its time: another try asks for evidence first. */
async function orWhy<T>(activity: Promise<T>): Promise<T | string> {
  try {
    return await activity;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return `The server could not be renewed: ${error.cause?.message ?? error.message}`;
  }
}
