import { formatMoment } from '../domain/shop-time.ts';
import type { MailContent } from './render-mail.ts';

/** Where links lead and in which zone times are shown. */
export interface MailSettings {
  shopTimeZone: string;
  temporalUiUrl: string | null;
  namespace: string;
}

/** One mail of a notice, before it is text and HTML. */
export type MailDraft = MailContent & { recipient: 'customer' | 'admin' };

/** What the writer of one kind of mail works with. */
export interface Written<Told> {
  notice: Told;
  settings: MailSettings;
  /** The customer's name, for the greeting; null where there is no such order. */
  name: string | null;
  /** The workflow that is responsible for the order now; null where nobody knows one. */
  owner: string | null;
}

/** A moment (ISO UTC) in the shop's time zone. */
export function moment(at: string, { shopTimeZone }: MailSettings): string {
  return formatMoment({ at, timeZone: shopTimeZone });
}
