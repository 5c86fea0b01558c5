import { assertNever } from '../domain/assert-never.ts';
import type { FailureCode } from '../domain/order.ts';
import { recommendedActions } from '../domain/order-words.ts';
import { adminMail, ownerOf, sayNext } from './admin-mail.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type { DecisionReminderNotice, OfOrder, OrderFailedNotice } from './notice.ts';

/** An order has failed and needs a decision. */
export function failureMail(told: Written<OrderFailedNotice>): MailDraft {
  const { notice, settings } = told;
  const { orderId, code, sentence, packageName, ip, next } = notice;
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Order ${orderId} needs a decision: ${code}`,
    paragraphs: [sentence],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Code', value: code },
      { label: 'Package', value: packageName },
      { label: 'Address', value: ip ?? 'none' },
      { label: 'By itself', value: sayNext(next, settings) },
    ],
    closing: sayWhatToDo({ orderId, code }),
  });
}

/** Nobody has decided yet. */
export function reminderMail(told: Written<DecisionReminderNotice>): MailDraft {
  const { notice, settings } = told;
  const { orderId, code, sentence, packageName, since, nth, next } = notice;
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Reminder ${nth}: order ${orderId} needs a decision: ${code}`,
    paragraphs: [sentence, `It has waited for a decision since ${moment(since, settings)}.`],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Code', value: code },
      { label: 'Package', value: packageName },
      { label: 'By itself', value: sayNext(next, settings) },
    ],
    closing: sayWhatToDo({ orderId, code }),
  });
}

/** Nobody decided in time: the default is carried out. */
export function deadlineMail(told: Written<OfOrder<'deadlinePassed'>>): MailDraft {
  const { notice, settings } = told;
  const { orderId, code, sentence } = notice;
  const isLeftOpen = notice.default === 'keepReminding';
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Nobody decided in time: order ${orderId} (${code})`,
    paragraphs: [sentence, sayDefault(notice.default)],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Code', value: code },
      { label: 'By default', value: notice.default },
    ],
    closing: isLeftOpen ? sayWhatToDo({ orderId, code }) : [],
  });
}

/** The server is bought, but its login has not come. */
export function credentialsLateMail(told: Written<OfOrder<'credentialsLate'>>): MailDraft {
  const { notice, settings } = told;
  const { orderId, ip, until } = notice;
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Order ${orderId} waits for the login of ${ip}`,
    paragraphs: [
      `Server ${ip} was bought for order ${orderId}, but the supplier has not shown its login yet.`,
      `The order goes on looking by itself until ${moment(until, settings)}; then it needs a decision.`,
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Address', value: ip },
    ],
    closing: [recommendedActions.credentialsLate],
  });
}

function sayDefault(chosen: OfOrder<'deadlinePassed'>['default']): string {
  switch (chosen) {
    case 'refund':
      return 'By default the money goes back to the customer now.';
    case 'cancel':
      return 'By default the order is cancelled now: its right payment has not come.';
    case 'keepReminding':
      return 'Nothing happens by itself: you are reminded until somebody decides.';
    default:
      return assertNever(chosen);
  }
}

function sayWhatToDo({ orderId, code }: { orderId: string; code: FailureCode }): string[] {
  return [
    `What you can do: ${recommendedActions[code]}`,
    `To retry: send the signal "retryOrder" on the workflow's page, or POST /api/orders/provision {"orderId":"${orderId}"} with the admin token.`,
    'To give the money back: send the signal "compensateOrder" with {"option": "refund", "reason": "...", "by": "your name"}.',
  ];
}
