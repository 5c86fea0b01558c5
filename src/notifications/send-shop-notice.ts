import type { ShopNotice } from '../domain/order-notice.ts';
import type { Notifier } from './notifier.ts';

/** Tells the admin, once, one fact that is not one order's own: of the watch over orders, locks and cases. */
export async function sendShopNotice(
  { notifier }: { notifier: Notifier },
  { factId, notice }: { factId: string; notice: ShopNotice },
): Promise<void> {
  await notifier.notify({ factId, ...notice });
}
