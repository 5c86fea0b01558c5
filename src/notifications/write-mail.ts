import { assertNever } from '../domain/assert-never.ts';
import { caseMail, caseReminderMail } from './case-mails.ts';
import { credentialsMail, delayedMail, paidMail, refundedMail, soldOutMail } from './customer-mails.ts';
import { credentialsLateMail, deadlineMail, failureMail, reminderMail } from './decision-mails.ts';
import type { MailDraft, MailSettings } from './mail-draft.ts';
import type { Notice } from './notice.ts';
import {
  extraPaymentMail,
  mismatchMail,
  refundTakenBackMail,
  returnBlockedMail,
  unmatchedPaymentMail,
} from './payment-mails.ts';
import { freeMonthEndedMail, freeMonthMail, priceAdjustedMail, serverRenewedMail } from './remedy-mails.ts';
import { lowStockMail, lowStockReportMail, saleMail, waitingMail } from './stock-mails.ts';
import {
  lockBrokenMail,
  lockPausedMail,
  pastBoundMail,
  restartedMail,
  tasksFailingMail,
} from './watch-mails.ts';

/**
 * What a notice says to whom: one mail per recipient. `name` is the customer's, `owner` the workflow that is
 * responsible for the order, `now` ISO UTC.
 */
export function writeMails(input: {
  notice: Notice;
  settings: MailSettings;
  name: string | null;
  owner: string | null;
  now: string;
}): MailDraft[] {
  const { notice } = input;
  switch (notice.kind) {
    case 'paid':
      return [paidMail({ ...input, notice })];
    case 'delayed':
      return [delayedMail({ ...input, notice })];
    case 'credentials':
      return [credentialsMail({ ...input, notice })];
    case 'refunded':
      return [refundedMail({ ...input, notice })];
    case 'priceAdjusted':
      return [priceAdjustedMail({ ...input, notice })];
    case 'freeMonth':
      return [freeMonthMail({ ...input, notice })];
    case 'freeMonthEnded':
      return [freeMonthEndedMail({ ...input, notice })];
    case 'serverRenewed':
      return [serverRenewedMail({ ...input, notice })];
    case 'waitingForStock':
      return [soldOutMail({ ...input, notice }), waitingMail({ ...input, notice })];
    case 'lowStock':
      return [lowStockMail({ ...input, notice })];
    case 'orderFailed':
      return [failureMail({ ...input, notice })];
    case 'decisionReminder':
      return [reminderMail({ ...input, notice })];
    case 'deadlinePassed':
      return [deadlineMail({ ...input, notice })];
    case 'credentialsLate':
      return [credentialsLateMail({ ...input, notice })];
    case 'caseOpened':
      return [caseMail({ ...input, notice })];
    case 'caseReminder':
      return [caseReminderMail({ ...input, notice })];
    case 'paymentMismatch':
      return [mismatchMail({ ...input, notice })];
    case 'extraPayment':
      return [extraPaymentMail({ ...input, notice })];
    case 'returnBlocked':
      return [returnBlockedMail({ ...input, notice })];
    case 'unmatchedPayment':
      return [unmatchedPaymentMail({ ...input, notice })];
    case 'orderRestarted':
      return [restartedMail({ ...input, notice })];
    case 'tasksFailing':
      return [tasksFailingMail({ ...input, notice })];
    case 'orderPastBound':
      return [pastBoundMail({ ...input, notice })];
    case 'refundTakenBack':
      return [refundTakenBackMail({ ...input, notice })];
    case 'lockPaused':
      return [lockPausedMail({ ...input, notice })];
    case 'lockBroken':
      return [lockBrokenMail({ ...input, notice })];
    case 'saleStopped':
    case 'saleResumed':
      return [saleMail({ ...input, notice })];
    case 'lowStockReport':
      return [lowStockReportMail({ ...input, notice })];
    default:
      return assertNever(notice);
  }
}
