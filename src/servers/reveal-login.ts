import type { Collections } from '../database.ts';
import type { BookVerdict } from '../domain/verdict.ts';
import type { CredentialBox } from './credential-box.ts';

type Stores = Pick<Collections, 'orders' | 'purchases' | 'credentials'>;

export interface OpenedLogin {
  ip: string | null;
  username: string;
  password: string;
  os: string;
}

/**
 * Opens the login of an order's server for a person: once, whoever asks, until `allowReveal`. Of some who ask at once
 * one sees it.
 */
export async function revealLogin(
  { db, box, now }: { db: Stores; box: CredentialBox; now: () => Date },
  { orderId, by }: { orderId: string; by: string },
): Promise<{ kind: 'revealed'; login: OpenedLogin } | { kind: 'refused'; sentence: string }> {
  const purchaseId = await findPurchase(db, orderId);
  if (purchaseId === null) return refused('This order has no server, so it has no login.');
  const sealed = await db.credentials.findOne({ _id: purchaseId });
  if (sealed === null) return refused('The supplier has shown no login for its server yet.');
  const purchase = await db.purchases.findOne({ _id: purchaseId }, { projection: { ip: 1 } });
  // Opened before it is taken: a key that is missing must not use up the one time.
  const { username, password } = box.open({ orderId, sealed });
  const shown = { by, at: now().toISOString() };
  const taken = await db.credentials.updateOne({ _id: purchaseId, shown: null }, { $set: { shown } });
  if (taken.modifiedCount === 1) {
    return { kind: 'revealed', login: { ip: purchase?.ip ?? null, username, password, os: sealed.os } };
  }
  const first = (await db.credentials.findOne({ _id: purchaseId }))?.shown ?? shown;
  const when = `${first.at.slice(0, 16).replace('T', ' ')} UTC`;
  return refused(
    `The login of this server was shown to ${first.by} at ${when}, and is shown once. Ask them, or let an operator run "npm run ops -- orders show-login-again ${orderId}".`,
  );
}

/** Lets the login of an order's server be shown once more. */
export async function allowReveal(db: Stores, { orderId }: { orderId: string }): Promise<BookVerdict> {
  const purchaseId = await findPurchase(db, orderId);
  if (purchaseId === null) return refused('This order has no server, so it has no login.');
  const { modifiedCount } = await db.credentials.updateOne(
    { _id: purchaseId, shown: { $ne: null } },
    { $set: { shown: null } },
  );
  if (modifiedCount === 0)
    return refused('Its login was not shown yet: it can be, on the page of the order.');
  return { kind: 'accepted', next: `The login of order ${orderId} can be shown once more, on its page.` };
}

async function findPurchase({ orders }: Stores, orderId: string): Promise<string | null> {
  const order = await orders.findOne({ _id: orderId }, { projection: { goods: 1 } });
  return order !== null && order.goods.state !== 'none' ? order.goods.purchaseId : null;
}

function refused(sentence: string): { kind: 'refused'; sentence: string } {
  return { kind: 'refused', sentence };
}
