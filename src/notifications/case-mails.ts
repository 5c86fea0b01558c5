import { describeDuration } from '../domain/duration.ts';
import type { ShopNotice } from '../domain/order-notice.ts';
import { adminMail, ownerOf } from './admin-mail.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type { CaseOpenedNotice } from './notice.ts';

/** By command as well: a case can outlive the workflow of its order. */
function whatToDo(purchaseId: string): string[] {
  return [
    "Look at the supplier's panel. An order that waits for this purchase buys nothing before the case is settled.",
    `To settle it: npm run ops -- cases resolve '${purchaseId}' --outcome bought --ip <address>, or --outcome notBought; or send the signal "resolvePurchase" on the workflow's page, with {"outcome": "bought", "ip": "..."} or {"outcome": "notBought"}.`,
  ];
}

/** A purchase has become a case. */
export function caseMail(told: Written<CaseOpenedNotice>): MailDraft {
  const { notice, settings } = told;
  const { orderId, purchaseId, sentence, evidence } = notice;
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Open case: purchase ${purchaseId}`,
    paragraphs: [sentence],
    facts: [{ label: 'Order', value: orderId }, { label: 'Purchase', value: purchaseId }, ...evidence],
    closing: whatToDo(purchaseId),
  });
}

/** A case is still open; `now` (ISO UTC) tells its age. */
export function caseReminderMail(
  told: Written<Extract<ShopNotice, { kind: 'caseReminder' }>> & { now: string },
): MailDraft {
  const { notice, settings, now } = told;
  const { orderId, purchaseId, sentence, openedAt } = notice;
  const age = describeDuration(Date.parse(now) - Date.parse(openedAt));
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Still open after ${age}: case of purchase ${purchaseId}`,
    paragraphs: [sentence],
    facts: [
      { label: 'Purchase', value: purchaseId },
      { label: 'Order', value: orderId },
      { label: 'Owner', value: ownerOf(told) },
      { label: 'Open since', value: moment(openedAt, settings) },
      { label: 'Age', value: age },
    ],
    closing: whatToDo(purchaseId),
  });
}
