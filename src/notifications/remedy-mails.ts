import { formatMoney } from '../domain/money.ts';
import { customerMail, sayBack } from './customer-mails.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type { FreeMonthNotice, OfOrder, PriceAdjustedNotice } from './notice.ts';

/** Another server than was ordered: what it is, what went back, and a code for the next order. */
export function priceAdjustedMail({ notice, settings, name }: Written<PriceAdjustedNotice>): MailDraft {
  const { orderId, ip, orderedProductName, productName, differencePaise, currency, discount } = notice;
  const back = formatMoney({ amountMinor: differencePaise, currency });
  return customerMail({
    name,
    subject: `Our apology for your order ${orderId}`,
    paragraphs: [
      `we are sorry: your server ${ip} is not the one that you ordered (${orderedProductName}). Your order says now what it is: ${productName}.`,
      differencePaise > 0
        ? `It costs less, so we have sent ${sayBack(back, notice.isByHand)}.`
        : notice.isPaidBack
          ? 'All that you paid has gone back already; the server is yours.'
          : 'It costs no less than what you ordered; the price stays as it was.',
      `With the code ${discount.code} your next order is ${discount.off} cheaper. It counts once, until ${moment(discount.expiresAt, settings)}, for orders with this mail address.`,
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Server', value: ip },
      { label: 'Product', value: productName },
      { label: 'Sent back', value: back },
      { label: 'Discount code', value: discount.code },
    ],
  });
}

/** A free month, or the reminder of its end, with the two links by which the customer chooses. */
export function freeMonthMail({ notice, settings, name }: Written<FreeMonthNotice>): MailDraft {
  const { orderId, ip, orderedProductName, refundedPaise, currency, until, reminder, links, isByHand } =
    notice;
  const back = formatMoney({ amountMinor: refundedPaise, currency });
  const end = moment(until, settings);
  return customerMail({
    name,
    subject: reminder
      ? `Your free server ${ip} ends soon (order ${orderId})`
      : `Your server is free for now, your money is on its way back (order ${orderId})`,
    paragraphs: [
      reminder
        ? `your server ${ip} is free until ${end}. Then it is switched off and wiped, unless you choose one of these:`
        : `we are sorry: your server ${ip} is not the one that you ordered (${orderedProductName}). We have sent ${back} back ${isByHand ? 'to you' : 'the way you paid'}, and the server is yours for free until ${end}. Then it is switched off and wiped, unless you choose one of these:`,
      `To keep it for one more month: ${links.renew}`,
      `To get the server that you ordered instead: ${links.switch}`,
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Server', value: ip },
      { label: 'Free until', value: end },
    ],
    closing: ['The links are for you alone and need no login. Copy what you want to keep before the end.'],
  });
}

/** Nobody chose, or they switched: the server is gone. */
export function freeMonthEndedMail({ notice, name }: Written<OfOrder<'freeMonthEnded'>>): MailDraft {
  const { orderId, ip } = notice;
  return customerMail({
    name,
    subject: `Your free server has ended (order ${orderId})`,
    paragraphs: [`the free time of your server ${ip} is over. It is switched off and wiped now.`],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Server', value: ip },
    ],
  });
}

/** Paid for one more month. */
export function serverRenewedMail({ notice, settings, name }: Written<OfOrder<'serverRenewed'>>): MailDraft {
  const { orderId, ip, until } = notice;
  const end = moment(until, settings);
  return customerMail({
    name,
    subject: `Your server ${ip} is renewed (order ${orderId})`,
    paragraphs: [`thank you: your server ${ip} is renewed until ${end}. Its login stays as it is.`],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Server', value: ip },
      { label: 'Renewed until', value: end },
    ],
  });
}
