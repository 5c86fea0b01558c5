import { formatMoney } from '../domain/money.ts';
import { describeStatusForCustomer } from '../orders/customer-status.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type {
  CredentialsNotice,
  OfOrder,
  PaidNotice,
  RefundedNotice,
  WaitingForStockNotice,
} from './notice.ts';
import type { MailContent } from './render-mail.ts';

const nothingToDo = 'You need not do anything. We write again as soon as there is news.';

/** Paid: what was ordered, and by when it is expected. */
export function paidMail({ notice, settings, name }: Written<PaidNotice>): MailDraft {
  const { orderId, expectedBy, productName, ramGb, os, amountPaise, currency } = notice;
  return customerMail({
    name,
    subject: `We have received your payment (order ${orderId})`,
    paragraphs: [
      'thank you: your payment has arrived, and your server is being set up.',
      `It is expected by ${moment(expectedBy, settings)}. Its login comes in a mail of its own.`,
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Product', value: productName },
      { label: 'Memory', value: `${ramGb} GB` },
      { label: 'Operating system', value: os },
      { label: 'Paid', value: formatMoney({ amountMinor: amountPaise, currency }) },
    ],
  });
}

/** It takes longer: no code, no reason. */
export function delayedMail({ notice, settings, name }: Written<OfOrder<'delayed'>>): MailDraft {
  const { orderId } = notice;
  const expectedBy = notice.expectedBy === null ? null : moment(notice.expectedBy, settings);
  return customerMail({
    name,
    subject: `Your order ${orderId} is delayed`,
    paragraphs: [describeStatusForCustomer({ status: 'failed', expectedBy }), nothingToDo],
    facts: [{ label: 'Order', value: orderId }],
  });
}

/** Sold out: the order waits for new servers. */
export function soldOutMail({ notice, settings, name }: Written<WaitingForStockNotice>): MailDraft {
  const { orderId, waitsUntil } = notice;
  const expectedBy = waitsUntil === null ? null : moment(waitsUntil, settings);
  return customerMail({
    name,
    subject: `Your order ${orderId} is delayed: sold out at the moment`,
    paragraphs: [
      'the server that you ordered is sold out at the moment. Yours is set up as soon as new ones are there.',
      describeStatusForCustomer({ status: 'waitingForStock', expectedBy }),
      nothingToDo,
    ],
    facts: [{ label: 'Order', value: orderId }],
  });
}

/** Delivered: the login. */
export function credentialsMail({ notice, name }: Written<CredentialsNotice>): MailDraft {
  return customerMail({
    name,
    subject: `Your server is ready (order ${notice.orderId})`,
    paragraphs: [
      !notice.replaces
        ? 'your server is ready. This is its login:'
        : `your new server is ready. It replaces ${notice.replaces}, which is switched off and wiped now. This is its login:`,
    ],
    facts: [
      { label: 'Address', value: notice.ip },
      { label: 'Username', value: notice.username },
      { label: 'Password', value: notice.password },
      { label: 'Operating system', value: notice.os },
      { label: 'Order', value: notice.orderId },
    ],
    closing: ['Please change the password after the first login.'],
  });
}

const refundReasons: Readonly<Record<RefundedNotice['paidFor'], string>> = {
  server: 'we are sorry: we could not give you the server that you ordered.',
  deliveredServer: 'your order has ended: its server is switched off and wiped.',
  renewal: 'your payment for one more month was not used: the server could not be renewed by it.',
};

/** What was sent back, and how: the end of a sentence, and what to expect. */
export function sayBack(amount: string, isByHand: boolean): string {
  return `${amount} back ${isByHand ? 'to you' : 'the way you paid'}. It can take some days until your bank or card shows it`;
}

/** The money is on its way back. */
export function refundedMail({ notice, name }: Written<RefundedNotice>): MailDraft {
  const { orderId, amountPaise, currency, cancelled, paidFor, isByHand } = notice;
  const amount = formatMoney({ amountMinor: amountPaise, currency });
  return customerMail({
    name,
    subject: cancelled
      ? `Your order ${orderId} is cancelled, your money is on its way back`
      : `Your money for order ${orderId} is on its way back`,
    paragraphs: [
      cancelled ? `your order ${orderId} is cancelled.` : refundReasons[paidFor],
      `We have sent ${sayBack(amount, isByHand)}.`,
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Amount', value: amount },
    ],
  });
}

/** A mail to the customer, with their name where it is known. */
export function customerMail(input: {
  name: string | null;
  subject: string;
  paragraphs: string[];
  facts: MailContent['facts'];
  closing?: string[];
}): MailDraft {
  const { name, subject, paragraphs, facts, closing = [] } = input;
  const greeting = name === null ? 'Hello,' : `Hello ${name},`;
  return {
    recipient: 'customer',
    subject,
    paragraphs: [greeting, ...paragraphs],
    facts,
    link: null,
    closing,
  };
}
