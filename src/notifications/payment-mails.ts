import { formatMoney } from '../domain/money.ts';
import { recommendedActions } from '../domain/order-words.ts';
import type { CapturedPayment } from '../domain/payment.ts';
import { adminMail, ownerOf } from './admin-mail.ts';
import { type MailDraft, type MailSettings, moment, type Written } from './mail-draft.ts';
import type { Notice, OfOrder, PaymentMismatchNotice } from './notice.ts';

/** Another amount or currency than the order's. */
export function mismatchMail(told: Written<PaymentMismatchNotice>): MailDraft {
  const { notice, settings } = told;
  const { orderId, payment, expected, hasLostCode } = notice;
  const asked = formatMoney({ amountMinor: expected.amountPaise, currency: expected.currency });
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Payment does not match order ${orderId}`,
    paragraphs: [
      `Order ${orderId} costs ${asked}${hasLostCode ? ' by now, since another order has its discount code' : ''}, but ${paid(payment)} was paid. No server is bought for it.`,
      recommendedActions.paymentMismatch,
    ],
    facts: paymentFacts({ payment, settings }),
  });
}

/** The gateway has cancelled what it had called paid. */
export function refundTakenBackMail(told: Written<Extract<Notice, { kind: 'refundTakenBack' }>>): MailDraft {
  const { notice, settings } = told;
  const { orderId, refundId, gateway, amountPaise, currency, takenBackAt } = notice;
  const money = formatMoney({ amountMinor: amountPaise, currency });
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `A refund of order ${orderId} was cancelled after it was paid`,
    paragraphs: [
      `${gateway} had paid the refund ${refundId} of ${money} and has cancelled it since: the customer does not have the money.`,
      'It is asked for again by itself, as a refund of its own. Where the gateway does not pay it either, another mail says what you can do.',
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Refund', value: refundId },
      { label: 'Amount', value: money },
      { label: 'Cancelled', value: moment(takenBackAt, settings) },
    ],
  });
}

/** A payment that the order does not need. */
export function extraPaymentMail(told: Written<Extract<Notice, { kind: 'extraPayment' }>>): MailDraft {
  const { notice, settings } = told;
  const { orderId, payment } = notice;
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Order ${orderId} was paid once more`,
    paragraphs: [
      `Order ${orderId} needs no further payment, but ${paid(payment)} has arrived. It buys nothing and goes back by itself; a mail tells you where the gateway does not pay it back.`,
    ],
    facts: paymentFacts({ payment, settings }),
  });
}

/** Money that nobody keeps, and that the gateway does not give back. */
export function returnBlockedMail({ notice, settings }: Written<OfOrder<'returnBlocked'>>): MailDraft {
  const { orderId, workflowId, amountPaise, currency, sentence, nth } = notice;
  const money = formatMoney({ amountMinor: amountPaise, currency });
  return adminMail({
    settings,
    workflowId,
    subject: `${nth === 1 ? '' : `Reminder ${nth - 1}: `}money of order ${orderId} does not go back`,
    paragraphs: [
      `${money} is owed to the customer of order ${orderId}, and the gateway has not paid it back. ${sentence}`,
      'It is asked for again by itself, later and later, up to once a day.',
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Amount', value: money },
      { label: 'Workflow', value: workflowId },
    ],
    closing: [
      'Find the cause in the dashboard of the gateway (an empty balance, a payment that is too old).',
      'Then send retryRefund to the workflow, or pay the customer another way and send refundedByHand with the reference of the transfer.',
    ],
  });
}

/** A payment for an order that nobody knows. */
export function unmatchedPaymentMail(
  told: Written<Extract<Notice, { kind: 'unmatchedPayment' }>>,
): MailDraft {
  const { notice, settings, owner } = told;
  const { payment } = notice;
  return adminMail({
    settings,
    workflowId: owner ?? `order-${payment.orderId}`,
    subject: `Payment for an unknown order ${payment.orderId}`,
    paragraphs: [
      `${paid(payment)} was paid for order ${payment.orderId}, which does not exist here. It is recorded as unmatched; find out whose it is, or give it back in the gateway's dashboard.`,
    ],
    facts: paymentFacts({ payment, settings }),
  });
}

function paid(payment: CapturedPayment): string {
  return formatMoney({ amountMinor: payment.amountPaise, currency: payment.currency });
}

function paymentFacts({ payment, settings }: { payment: CapturedPayment; settings: MailSettings }) {
  return [
    { label: 'Order', value: payment.orderId },
    { label: 'Payment', value: payment.paymentId },
    { label: 'Gateway', value: payment.gateway },
    { label: 'Amount', value: paid(payment) },
    { label: 'Paid at', value: moment(payment.paidAt, settings) },
  ];
}
