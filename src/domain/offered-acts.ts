import type { Goods, Money, OrderStatus } from './order.ts';

/** What a person can ask of an order on its page. */
export type OfferedAct = 'retry' | 'cancel' | 'compensate' | 'resolve' | 'assign';

/**
 * The acts that make sense for an order as it stands, the likeliest first. The order's own answer decides: what is
 * offered here may still be refused, with the reason, and what is never possible is not offered.
 */
export function offeredActs(order: {
  status: OrderStatus;
  goods: Goods;
  money: Money;
  /** True once something was sent to the supplier for it. */
  sent: boolean;
  hasOpenCase: boolean;
}): OfferedAct[] {
  const { status, goods, money, sent, hasOpenCase } = order;
  const cancel: OfferedAct[] = sent ? [] : ['cancel'];
  switch (status) {
    case 'failed':
      if (hasOpenCase || goods.state === 'parked') return ['resolve', 'compensate', 'retry'];
      return ['retry', 'compensate', ...(money === 'kept' ? (['assign'] as const) : []), ...cancel];
    case 'waitingForStock':
      return ['retry', 'compensate', 'assign', ...cancel];
    case 'queued':
      return ['compensate', ...cancel, 'retry'];
    case 'provisioning':
    case 'preparing':
      return ['retry'];
    case 'active':
      return ['compensate'];
    case 'pendingPayment':
      return ['cancel'];
    case 'compensating':
    case 'refunded':
    case 'cancelled':
    case 'expired':
      return hasOpenCase ? ['resolve'] : [];
  }
}
