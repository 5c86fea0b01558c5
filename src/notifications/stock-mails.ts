import { lowStockSentence } from '../domain/low-stock.ts';
import type { LowPackage, StockNotice } from '../domain/order-notice.ts';
import { adminMail, ownerOf } from './admin-mail.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type { LowStockNotice, WaitingForStockNotice } from './notice.ts';

/** An order waits for stock: the admin's half; the customer's is `soldOutMail`. */
export function waitingMail(told: Written<WaitingForStockNotice>): MailDraft {
  const { notice, settings } = told;
  const { orderId, packageName, available, why, waitsUntil } = notice;
  const limit =
    waitsUntil === null ? [] : [`It waits until ${moment(waitsUntil, settings)}, then needs a decision.`];
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Order ${orderId} waits for stock of ${packageName}`,
    paragraphs: [
      `Order ${orderId} is paid and waits for stock. ${why ?? `Package ${packageName} has ${available} available.`}`,
      'It has released the lock of the package and looks again by itself. The customer has been told of a delay.',
      ...limit,
    ],
    facts: [
      { label: 'Package', value: packageName },
      { label: "The supplier's count", value: String(available) },
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

type Told<Kind extends StockNotice['kind']> = Written<Extract<StockNotice, { kind: Kind }>>;

/** The monitor has stopped or resumed the sale of a product. */
export function saleMail({ notice, settings }: Told<'saleStopped' | 'saleResumed'>): MailDraft {
  const { productId, productName, packageName } = notice;
  const isStopped = notice.kind === 'saleStopped';
  const told = isStopped
    ? `${notice.note}. New checkouts are refused; orders that are paid are served on.`
    : `Package ${packageName} has ${notice.available} IPs again: the product is sold again.`;
  return adminMail({
    settings,
    workflowId: null,
    subject: `${isStopped ? 'No longer sold' : 'Sold again'}: ${productName}`,
    paragraphs: [told],
    facts: [
      { label: 'Product', value: productId },
      { label: 'Package', value: packageName },
    ],
    closing: isStopped
      ? [
          'It is sold again by itself once the stock is above its higher mark. To decide yourself: npm run ops -- products --help',
        ]
      : [],
  });
}

/** Packages that a subject names; the others are in the mail. */
const namedInSubject = 3;

/** The daily report: every package at its mark, the emptiest first. */
export function lowStockReportMail({ notice, settings }: Told<'lowStockReport'>): MailDraft {
  const { packages } = notice;
  const named = packages.slice(0, namedInSubject).map((one) => `${one.packageName} has ${one.available} IPs`);
  const more = packages.length > namedInSubject ? ` and ${packages.length - namedInSubject} more` : '';
  return adminMail({
    settings,
    workflowId: null,
    subject: `LOW IP ALERT: ${named.join(', ')}${more}`,
    paragraphs: ['These packages are at or below the mark of the daily report.'],
    facts: packages.map((one) => ({ label: one.packageName, value: sayCount(one, settings) })),
  });
}

function sayCount(
  { available, staleSince }: LowPackage,
  settings: Told<'lowStockReport'>['settings'],
): string {
  if (staleSince === null) return `${available} IPs`;
  return `${available} IPs at the last good answer; not confirmed since ${moment(staleSince, settings)}`;
}
