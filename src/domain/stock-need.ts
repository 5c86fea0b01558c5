import type { Goods, Money, OrderStatus } from './order.ts';
import type { RemedyOption } from './remedy.ts';

/** What tells whether an order is still to get an address of its package. */
export interface NeedingOrder {
  status: OrderStatus;
  goods: Goods;
  money: Money;
  remedy: { option: RemedyOption } | null;
  freeMonthOf?: { act: 'renew' | 'switch' } | null;
}

/**
 * `waits`: for stock, or - a remedy shows no step of its own - may wait for it. `inQueue`: it asks for the package's
 * lock, or buys. `none`: it has its server, waits for a decision, or needs no address.
 */
export function stockNeedOf(order: NeedingOrder): 'waits' | 'inQueue' | 'none' {
  const { status, goods, money, remedy, freeMonthOf } = order;
  if (money !== 'kept' || freeMonthOf?.act === 'renew') return 'none';
  if (status === 'waitingForStock') return 'waits';
  if (status === 'queued' || status === 'provisioning') return 'inQueue';
  if (status !== 'compensating' || remedy?.option !== 'reprovision') return 'none';
  if (goods.state === 'none') return 'waits';
  return goods.state === 'buying' ? 'inQueue' : 'none';
}
