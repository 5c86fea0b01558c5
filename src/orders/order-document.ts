import type { FreeMonth, FreeMonthLink, RenewalSent } from '../domain/free-month.ts';
import type { Failure, GatewayName, Goods, Money, OrderStatus, SupplierName } from '../domain/order.ts';
import type { MatchPolicy } from '../domain/package-name.ts';
import type { Remedy } from '../domain/remedy.ts';
import type { Restarts } from '../domain/restart-pace.ts';

/** The customer of an order. Stays in MongoDB: never in a Temporal payload or a log. */
export interface Customer {
  name: string;
  email: string;
  phone: string;
}

/** What a discount code took off the list price; both in integer paise. */
export interface OrderDiscount {
  /** `_id` in `discounts`. */
  discountId: string;
  listPricePaise: number;
  discountPaise: number;
}

export interface TimelineEntry {
  at: string;
  text: string;
}

/** One order in the collection `orders`. Times are ISO UTC, money integer paise. */
export interface OrderDocument {
  _id: string;
  status: OrderStatus;
  statusSince: string;
  /** Guard of the projection: max(workflow time in ms, last version + 1). */
  version: number;
  /** Id of the workflow that is responsible now; null while unpaid. */
  owner: string | null;
  /** False once the order has ended. */
  open: boolean;
  goods: Goods;
  money: Money;
  remedy: null | Remedy;
  /** A month that is free for the customer, by the remedy refundAndFreeMonth; missing or null where there was none. */
  freeMonth?: null | FreeMonth;
  /** The free month that this order renews or switches from; missing or null for every other order. */
  freeMonthOf?: null | FreeMonthLink;
  /** Of a renewal; missing or null where the supplier was never asked. */
  renewalSent?: null | RenewalSent;
  /** Set while the order is to get another server; `delivered`: the customer has one until then. */
  needsReprovision?: null | { since: string; delivered: boolean };
  productId: string;
  productName: string;
  supplier: SupplierName;
  /** The package's name at import: the key of its lock and of its fence, frozen through renames. */
  packageKey: string;
  matchPolicy: MatchPolicy;
  ramGb: number;
  os: string;
  /** What the customer has to pay, discount taken off. */
  amountPaise: number;
  currency: string;
  /** The code that the order holds or has used; missing or null where it has none. */
  discount?: OrderDiscount | null;
  customer: Customer;
  gateway: GatewayName;
  gatewayOrderId: string | null;
  paymentSessionId: string | null;
  idempotency: null | { key: string; bodyHash: string };
  createdAt: string;
  paidAt: string | null;
  /** True where its checkout had expired when it was paid: it is refunded rather than kept waiting for stock. */
  paidLate?: boolean;
  /** `_id` in `payments` of the payment that this order was provisioned for. */
  paymentKey: string | null;
  failure: Failure | null;
  server: null | { ip: string };
  /** What happens next by itself, in words, and when (ISO UTC), where a moment is known. */
  next: null | { text: string; at: string | null };
  /** When the failure's default is carried out by itself (ISO UTC); missing or null where none is waited for. */
  decisionDeadline?: string | null;
  timeline: TimelineEntry[];
  /** When the gateway of an expired or paid order is asked about it once more (ISO UTC); missing or null: never. */
  askGatewayAt?: string | null;
  /** Missing or null where its owner was never gone. */
  restarts?: Restarts | null;
}
