import { lowStockSentence } from '../domain/low-stock.ts';
import { adminMail, ownerOf } from './admin-mail.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type { LowStockNotice, WaitingForStockNotice } from './notice.ts';

/** An order waits for stock: the admin's half; the customer's is `soldOutMail`. */
export function waitingMail(told: Written<WaitingForStockNotice>): MailDraft {
  const { notice, settings } = told;
  const { orderId, packageName, available, waitsUntil } = notice;
  const limit =
    waitsUntil === null ? [] : [`It waits until ${moment(waitsUntil, settings)}, then needs a decision.`];
  return adminMail({
    settings,
    workflowId: ownerOf(told),
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

/** A package runs low. */
export function lowStockMail(told: Written<LowStockNotice>): MailDraft {
  const { orderId, packageName, available } = told.notice;
  return adminMail({
    settings: told.settings,
    workflowId: ownerOf(told),
    subject: `Package ${packageName} is running low on IPs: ${available} available`,
    paragraphs: [lowStockSentence({ packageName, available })],
    facts: [
      { label: 'Package', value: packageName },
      { label: 'Available', value: String(available) },
      { label: 'Noticed by order', value: orderId },
    ],
  });
}
