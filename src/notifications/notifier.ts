import { createHash } from 'node:crypto';
import type { Collection } from 'mongodb';
import { type Collections, insertOnce } from '../database.ts';
import type { Logger } from '../logger.ts';
import type { Customer } from '../orders/order-document.ts';
import type { MailDraft, MailSettings } from './mail-draft.ts';
import { MailError, type Mailer } from './mailer.ts';
import { type Notice, orderIdOf } from './notice.ts';
import { renderMail } from './render-mail.ts';
import { writeMails } from './write-mail.ts';

/** One mail about one fact (collection `notifications`, `_id` = fact id and recipient); nothing of its content. */
export interface NotificationDocument {
  _id: string;
  kind: Notice['kind'];
  /** Null where it is about no order: a lock, another workflow. */
  orderId: string | null;
  state: 'sending' | 'sent';
  at: string;
  sentAt: string | null;
}

export interface NotifierDeps {
  db: Pick<Collections, 'orders'> & { notifications: Collection<NotificationDocument> };
  mailer: Mailer;
  adminEmail: string;
  shopTimeZone: string;
  /** Null where nobody set it: mails then have no link to the workflow. */
  temporalUiUrl: string | null;
  namespace: string;
  /** The signed link to the customer's page of an order. */
  orderLink: (input: { orderId: string; from: string }) => string;
  /** ISO UTC. */
  now: () => string;
  log: Pick<Logger, 'info'>;
}

export interface Notifier {
  /**
   * Tells people one fact, once: a repeat sends nothing. After a crash between sending and its record the mail
   * may go out again, under the same Message-ID. Throws `MailError`, or `UnknownCustomerError`.
   */
  notify(notice: Notice): Promise<{ sent: number }>;
}

/** A mail to a customer whose order does not exist: repeating it is of no use. */
export class UnknownCustomerError extends Error {
  readonly code = 'unknownCustomer';

  constructor({ orderId, kind }: { orderId: string | null; kind: Notice['kind'] }) {
    super(
      `Failed to send the mail "${kind}" of order ${orderId}: the order does not exist. Check the database.`,
    );
    this.name = 'UnknownCustomerError';
  }
}

/** Tells customers and the admin by mail what has happened. */
export function createNotifier(deps: NotifierDeps): Notifier {
  const { shopTimeZone, temporalUiUrl, namespace } = deps;
  const settings: MailSettings = { shopTimeZone, temporalUiUrl, namespace };
  const once = sharingRuns();
  return {
    async notify(notice) {
      const order = await findOrder(deps, notice);
      const customer = order?.customer ?? null;
      const { name } = customer ?? { name: null };
      const drafts = writeMails({ notice, settings, name, owner: order?.owner ?? null, now: deps.now() });
      const link = linkOf(deps, notice);
      let sent = 0;
      const errors: unknown[] = [];
      for (const draft of drafts) {
        const mail = draft.recipient === 'customer' ? { ...draft, link } : draft;
        const send = () => sendOnce({ deps, notice, draft: mail, customer });
        try {
          sent += (await once(mailIdOf(notice, draft), send)) ? 1 : 0;
        } catch (error) {
          errors.push(error);
        }
      }
      // One recipient's trouble keeps nothing from the other; what can still be sent is tried again.
      if (errors.length > 0) throw errors.find((error) => !isRefused(error)) ?? errors[0];
      return { sent };
    },
  };
}

function isRefused(error: unknown): boolean {
  return error instanceof MailError && error.code === 'mailRefused';
}

/** Two that tell the same fact at once send one mail: the second waits for the first, and fails where that does. */
function sharingRuns(): (id: string, send: () => Promise<boolean>) => Promise<boolean> {
  const running = new Map<string, Promise<boolean>>();
  return async (id, send) => {
    const first = running.get(id);
    if (first !== undefined) return first.then(() => false);
    const run = send().finally(() => running.delete(id));
    running.set(id, run);
    return run;
  };
}

function mailIdOf({ factId }: Notice, { recipient }: Pick<MailDraft, 'recipient'>): string {
  return `${factId}:${recipient}`;
}

/** Every mail to a customer leads to the page of their order. */
function linkOf({ orderLink, now }: NotifierDeps, notice: Notice): MailDraft['link'] {
  const orderId = orderIdOf(notice);
  return orderId === null
    ? null
    : { label: 'How your order stands', url: orderLink({ orderId, from: now() }) };
}

async function findOrder(
  deps: NotifierDeps,
  notice: Notice,
): Promise<{ customer: Customer; owner: string | null } | null> {
  const orderId = orderIdOf(notice);
  if (orderId === null) return null;
  return deps.db.orders.findOne({ _id: orderId }, { projection: { customer: 1, owner: 1 } });
}

/** False where this very mail is out already. */
async function sendOnce(input: {
  deps: NotifierDeps;
  notice: Notice;
  draft: MailDraft;
  customer: Customer | null;
}): Promise<boolean> {
  const { deps, notice, draft } = input;
  const orderId = orderIdOf(notice);
  const to =
    draft.recipient === 'admin' ? { address: deps.adminEmail } : customerAddress({ ...input, orderId });
  const row = await claim({ deps, notice, draft });
  if (row.state === 'sent') return false;
  const messageId = messageIdOf({ factId: row._id, domain: deps.mailer.domain });
  await deps.mailer.send({ ...renderMail(draft), to, messageId, date: row.at });
  const sentAt = deps.now();
  await deps.db.notifications.updateOne(
    { _id: row._id, state: 'sending' },
    { $set: { state: 'sent', sentAt } },
  );
  deps.log.info({ orderId, notice: notice.kind, recipient: draft.recipient, messageId }, 'Mail sent');
  return true;
}

function customerAddress(input: { notice: Notice; customer: Customer | null; orderId: string | null }) {
  const { customer, orderId, notice } = input;
  if (customer === null) throw new UnknownCustomerError({ orderId, kind: notice.kind });
  return { name: customer.name, address: customer.email };
}

/** The row of this mail, made now or by an earlier try. */
async function claim(input: {
  deps: NotifierDeps;
  notice: Notice;
  draft: MailDraft;
}): Promise<NotificationDocument> {
  const { notifications } = input.deps.db;
  const row: NotificationDocument = {
    _id: mailIdOf(input.notice, input.draft),
    kind: input.notice.kind,
    orderId: orderIdOf(input.notice),
    state: 'sending',
    at: input.deps.now(),
    sentAt: null,
  };
  if (await insertOnce(notifications, row)) return row;
  return (await notifications.findOne({ _id: row._id })) ?? row;
}

/** The same fact always gets the same Message-ID; the fact's own words stay out of it. */
function messageIdOf({ factId, domain }: { factId: string; domain: string }): string {
  return `${createHash('sha256').update(factId).digest('hex').slice(0, 32)}@${domain}`;
}
