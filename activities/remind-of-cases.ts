import { remindersDue } from '../src/domain/reminders-due.ts';
import type { CasesWatched } from '../workflows/contract/watch-orders.ts';
import type { WatchDependencies } from './watch-dependencies.ts';

const casesMax = 1_000;

/**
 * Reminds the admin of every open case, by the policy's `reminders` and then every last interval. Of reminders that
 * fell due while nobody watched, the latest alone is sent.
 */
export async function remindOfCases(deps: WatchDependencies): Promise<CasesWatched> {
  const { remindersMs } = await deps.readPolicy();
  const open = await deps.db.cases.find({ resolution: null }).sort({ openedAt: 1 }).limit(casesMax).toArray();
  const nowMs = Date.parse(deps.now());
  let troubles = 0;
  for (const { _id: purchaseId, orderId, openedAt, sentence } of open) {
    const nth = remindersDue({ ageMs: nowMs - Date.parse(openedAt), remindersMs });
    if (nth === 0) continue;
    try {
      await deps.sendShopNotice({
        factId: `caseReminder:${purchaseId}:${openedAt}:${nth}`,
        notice: { kind: 'caseReminder', purchaseId, orderId, openedAt, sentence },
      });
    } catch (error) {
      troubles += 1;
      deps.log.warn({ err: error, orderId, purchaseId }, 'A reminder of a case could not be sent');
    }
  }
  return { open: open.length, troubles };
}
