import type { FreeMonthLink } from './free-month.ts';
import type { Failure, OrderStatus, SupplierName } from './order.ts';
import type { MatchPolicy } from './package-name.ts';

/** What a workflow may know of an order: ids, product and price, nothing of the customer. */
export interface OrderFacts {
  orderId: string;
  status: OrderStatus;
  statusSince: string;
  failure: Failure | null;
  /** What the document says happens next, and by when its default comes. */
  next: { text: string; at: string | null } | null;
  decisionDeadline: string | null;
  version: number;
  /** False once the order has ended. */
  open: boolean;
  /** True once something was sent to the supplier for this order. */
  sent: boolean;
  /** While a free month runs: until when (ISO UTC). */
  freeUntil: string | null;
  /** The free month that this order renews or switches from. */
  freeMonthOf: FreeMonthLink | null;
  /** True once a server was delivered. */
  delivered: boolean;
  /** True where its checkout had expired when it was paid. */
  paidLate: boolean;
  productName: string;
  supplier: SupplierName;
  /** Key of the package's lock and fence: its name at import. */
  packageKey: string;
  /** The supplier's name of the package today: what is asked for and matched. */
  packageName: string;
  matchPolicy: MatchPolicy;
  ramGb: number;
  os: string;
  amountPaise: number;
  currency: string;
}

/** What the order's next step is, by what MongoDB and the ledger say. */
export type NextStep =
  | { kind: 'awaitPayment' }
  | { kind: 'buy'; purchaseId: string }
  | { kind: 'settle'; purchaseId: string }
  /** A stranded server is being made ready; `failure` is what the order goes back to where that fails. */
  | { kind: 'claim'; purchaseId: string; failure: Failure | null }
  | { kind: 'case'; purchaseId: string; duplicate: boolean; sentence: string }
  | { kind: 'verify'; purchaseId: string; ip: string }
  /** A renewal: the server of its free month is paid for one more month. */
  | { kind: 'renew' }
  | { kind: 'finishDelivery'; purchaseId: string; ip: string }
  /** What is stored cannot be made sense of: a person has to look. */
  | { kind: 'broken'; why: string }
  | { kind: 'ended'; status: OrderStatus };

export type OpenedOrder =
  | { kind: 'notPaid' }
  | { kind: 'unknown' }
  | { kind: 'ownedByOther'; owner: string }
  | { kind: 'open'; order: OrderFacts; step: NextStep; restarted: boolean; requestIds: string[] };
