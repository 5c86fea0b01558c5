import type { OrderNotice } from '../src/domain/order-notice.ts';
import { notices } from './activity-proxies.ts';

export interface OrderNotices {
  /** Queues a mail; the order does not wait for the mail server. */
  tell(input: { factId: string; notice: OrderNotice }): void;
  /** True while every queued mail is sent: a run may not end before. */
  readonly isDrained: boolean;
}

/** The mails of one order. `factId` names the fact, so that each is told once, whatever is repeated. */
export function useOrderNotices(input: {
  orderId: string;
  onFailed: (sentence: string) => void;
}): OrderNotices {
  const { orderId } = input;
  let open = 0;
  return {
    tell({ factId, notice }) {
      open += 1;
      notices
        .sendNotice({ orderId, factId: `${orderId}:${factId}`, notice })
        .catch(() => input.onFailed(`The mail about "${notice.kind}" could not be sent.`))
        .finally(() => {
          open -= 1;
        });
    },
    get isDrained() {
      return open === 0;
    },
  };
}
