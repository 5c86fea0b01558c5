import type { GatewayName } from '../domain/order.ts';
import type { CheckoutOutcome, CheckoutRefusal } from '../domain/storefront.ts';

export type Refusal = Extract<CheckoutOutcome, { kind: 'refused' }>;

/** A checkout that cannot be taken: `field` is what has to change. */
export function refused(reason: CheckoutRefusal, field: string, sentence: string): Refusal {
  return { kind: 'refused', reason, field, sentence };
}

export function gatewayOff(gateway: GatewayName): Refusal {
  return refused('gatewayOff', 'gateway', `The gateway ${gateway} is switched off here.`);
}
