import { formatMoney } from '../domain/money.ts';
import { customerMail } from './customer-mails.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';
import type { PriceAdjustedNotice } from './notice.ts';

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
        ? `It costs less, so we have sent ${back} back the way you paid. It can take some days until your bank or card shows it.`
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
