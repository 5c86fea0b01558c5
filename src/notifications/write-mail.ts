import { assertNever } from '../domain/assert-never.ts';
import { lowStockSentence } from '../domain/low-stock.ts';
import { formatMoney } from '../domain/money.ts';
import { recommendedActions } from '../domain/order-words.ts';
import type { CapturedPayment } from '../domain/payment.ts';
import { formatMoment } from '../domain/shop-time.ts';
import { describeStatusForCustomer } from '../orders/customer-status.ts';
import type {
  CaseOpenedNotice,
  CredentialsNotice,
  Notice,
  OrderFailedNotice,
  PaymentMismatchNotice,
  WaitingForStockNotice,
} from './notice.ts';
import type { MailContent } from './render-mail.ts';

/** Where links lead and in which zone times are shown. */
export interface MailSettings {
  shopTimeZone: string;
  temporalUiUrl: string | null;
  namespace: string;
}

/** One mail of a notice; `name` is the customer's, for the greeting. */
export type MailDraft = MailContent & { recipient: 'customer' | 'admin' };

/** What a notice says to whom: one mail per recipient. */
export function writeMails(input: {
  notice: Notice;
  settings: MailSettings;
  name: string | null;
}): MailDraft[] {
  const { notice, settings, name } = input;
  switch (notice.kind) {
    case 'credentials':
      return [credentialsMail({ notice, name })];
    case 'waitingForStock':
      return [delayMail({ notice, settings, name }), waitingMail({ notice, settings })];
    case 'lowStock':
      return [lowStockMail({ notice, settings })];
    case 'orderFailed':
      return [failureMail({ notice, settings })];
    case 'paymentMismatch':
      return [mismatchMail({ notice, settings })];
    case 'extraPayment':
      return [extraPaymentMail({ notice, settings })];
    case 'unmatchedPayment':
      return [unmatchedPaymentMail({ notice, settings })];
    case 'caseOpened':
      return [caseMail({ notice, settings })];
    default:
      return assertNever(notice);
  }
}

function greeting(name: string | null): string {
  return name === null ? 'Hello,' : `Hello ${name},`;
}

function credentialsMail({ notice, name }: { notice: CredentialsNotice; name: string | null }): MailDraft {
  return {
    recipient: 'customer',
    subject: `Your server is ready (order ${notice.orderId})`,
    paragraphs: [greeting(name), 'your server is ready. This is its login:'],
    facts: [
      { label: 'Address', value: notice.ip },
      { label: 'Username', value: notice.username },
      { label: 'Password', value: notice.password },
      { label: 'Operating system', value: notice.os },
      { label: 'Order', value: notice.orderId },
    ],
    link: null,
    closing: ['Please change the password after the first login.'],
  };
}

interface Written<N> {
  notice: N;
  settings: MailSettings;
}

function delayMail(input: Written<WaitingForStockNotice> & { name: string | null }): MailDraft {
  const { orderId, waitsUntil } = input.notice;
  const expectedBy = waitsUntil === null ? null : moment(waitsUntil, input.settings);
  return {
    recipient: 'customer',
    subject: `Your order ${orderId} is delayed`,
    paragraphs: [
      greeting(input.name),
      describeStatusForCustomer({ status: 'waitingForStock', expectedBy }),
      'You need not do anything. We write again as soon as your server is ready.',
    ],
    facts: [{ label: 'Order', value: orderId }],
    link: null,
    closing: [],
  };
}

function waitingMail({ notice, settings }: Written<WaitingForStockNotice>): MailDraft {
  const { orderId, packageName, available, waitsUntil } = notice;
  const limit =
    waitsUntil === null ? [] : [`It waits until ${moment(waitsUntil, settings)}, then needs a decision.`];
  return adminMail({
    settings,
    orderId,
    subject: `Order ${orderId} waits for stock of ${packageName}`,
    paragraphs: [
      `Order ${orderId} is paid and waits for stock: package ${packageName} has ${available} available.`,
      'It has released the lock of the package and looks again by itself. The customer has been told of a delay.',
      ...limit,
    ],
    facts: [
      { label: 'Package', value: packageName },
      { label: 'Available', value: String(available) },
    ],
  });
}

function lowStockMail({ notice, settings }: Written<Extract<Notice, { kind: 'lowStock' }>>): MailDraft {
  const { orderId, packageName, available } = notice;
  return adminMail({
    settings,
    orderId,
    subject: `Package ${packageName} is running low on IPs: ${available} available`,
    paragraphs: [lowStockSentence({ packageName, available })],
    facts: [
      { label: 'Package', value: packageName },
      { label: 'Available', value: String(available) },
      { label: 'Noticed by order', value: orderId },
    ],
  });
}

function failureMail({ notice, settings }: Written<OrderFailedNotice>): MailDraft {
  const { orderId, code, sentence, packageName, ip, next } = notice;
  return adminMail({
    settings,
    orderId,
    subject: `Order ${orderId} needs a decision: ${code}`,
    paragraphs: [sentence],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Code', value: code },
      { label: 'Package', value: packageName },
      { label: 'Address', value: ip ?? 'none' },
      { label: 'By itself', value: describeNext({ next, settings }) },
    ],
    closing: [
      `What you can do: ${recommendedActions[code]}`,
      `To retry: send the signal "retryOrder" on the workflow's page, or POST /api/orders/provision {"orderId":"${orderId}"} with the admin token.`,
    ],
  });
}

function describeNext({
  next,
  settings,
}: {
  next: OrderFailedNotice['next'];
  settings: MailSettings;
}): string {
  if (next === null) return 'nothing: it waits for you';
  return next.at === null ? next.text : `${next.text} on ${moment(next.at, settings)}`;
}

function mismatchMail({ notice, settings }: Written<PaymentMismatchNotice>): MailDraft {
  const { orderId, payment, expected } = notice;
  const asked = formatMoney({ amountMinor: expected.amountPaise, currency: expected.currency });
  return adminMail({
    settings,
    orderId,
    subject: `Payment does not match order ${orderId}`,
    paragraphs: [
      `Order ${orderId} costs ${asked}, but ${paid(payment)} was paid. No server is bought for it.`,
      recommendedActions.paymentMismatch,
    ],
    facts: paymentFacts({ payment, settings }),
  });
}

function extraPaymentMail({
  notice,
  settings,
}: Written<Extract<Notice, { kind: 'extraPayment' }>>): MailDraft {
  const { orderId, payment } = notice;
  return adminMail({
    settings,
    orderId,
    subject: `Order ${orderId} was paid once more`,
    paragraphs: [
      `Order ${orderId} needs no further payment, but ${paid(payment)} has arrived. It buys nothing; give it back in the gateway's dashboard.`,
    ],
    facts: paymentFacts({ payment, settings }),
  });
}

function unmatchedPaymentMail({
  notice,
  settings,
}: Written<Extract<Notice, { kind: 'unmatchedPayment' }>>): MailDraft {
  const { payment } = notice;
  return adminMail({
    settings,
    orderId: payment.orderId,
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

function caseMail({ notice, settings }: Written<CaseOpenedNotice>): MailDraft {
  const { orderId, purchaseId, sentence, evidence } = notice;
  return adminMail({
    settings,
    orderId,
    subject: `Open case: purchase ${purchaseId}`,
    paragraphs: [sentence],
    facts: [{ label: 'Order', value: orderId }, { label: 'Purchase', value: purchaseId }, ...evidence],
    closing: [
      "Look at the supplier's panel. Nothing is bought again for this order until the case is settled.",
    ],
  });
}

function adminMail(input: {
  settings: MailSettings;
  orderId: string;
  subject: string;
  paragraphs: string[];
  facts: MailContent['facts'];
  closing?: string[];
}): MailDraft {
  const { settings, orderId, subject, paragraphs, facts, closing = [] } = input;
  return {
    recipient: 'admin',
    subject,
    paragraphs,
    facts,
    link: workflowLink({ settings, orderId }),
    closing,
  };
}

function workflowLink({
  settings,
  orderId,
}: {
  settings: MailSettings;
  orderId: string;
}): MailContent['link'] {
  const { temporalUiUrl, namespace } = settings;
  if (temporalUiUrl === null) return null;
  const workflowId = encodeURIComponent(`order-${orderId}`);
  return {
    label: 'Open the workflow',
    url: `${temporalUiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${workflowId}`,
  };
}

function moment(at: string, { shopTimeZone }: MailSettings): string {
  return formatMoment({ at, timeZone: shopTimeZone });
}
