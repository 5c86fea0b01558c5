import type { AdminAct } from '../../src/domain/admin-act.ts';
import type { AssignWish, ClaimAnswer, ClaimEnd, StrandedClaim } from '../../src/domain/claim.ts';
import type { Renewal } from '../../src/domain/free-month.ts';
import type { SupplierName } from '../../src/domain/order.ts';
import type { NextStep, OpenedOrder } from '../../src/domain/order-facts.ts';
import type { OrderNotice } from '../../src/domain/order-notice.ts';
import type { CapturedPayment } from '../../src/domain/payment.ts';
import type { ResolvedPolicy } from '../../src/domain/policy.ts';
import type { Projection, ProjectionResult } from '../../src/domain/projection.ts';
import type { PurchaseOutcome } from '../../src/domain/purchase-outcome.ts';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import type { PurchaseResolution, ResolutionAnswer } from '../../src/domain/purchase-resolution.ts';
import type { RecordedPayment } from '../../src/domain/recorded-payment.ts';
import type { RefundEnd, RefundPart, RefundStart, ReturnStep } from '../../src/domain/refund.ts';
import type { RemedyChange, RemedyTaken, RemedyWish } from '../../src/domain/remedy.ts';
import type { RemedyStep } from '../../src/domain/remedy-step.ts';
import type { StockCheck } from '../../src/domain/stock-check.ts';
import type { CasePlace, Stranding } from '../../src/domain/stranding.ts';
import type { Delivery, Verification } from '../../src/domain/verification.ts';

/** What a purchase and its settling take of the policy. */
export type PurchaseLimits = Pick<
  ResolvedPolicy,
  | 'longestPurchaseMs'
  | 'settleAfterMs'
  | 'notBoughtAfterMs'
  | 'lowStockWarning'
  | 'settleProbesMax'
  | 'settleProbesPerSecond'
  | 'purchaseTries'
>;

export interface BuyVpsInput {
  orderId: string;
  supplier: SupplierName;
  packageKey: string;
  purchaseId: string;
  fencingNumber: number;
  stockBefore: number;
  policy: PurchaseLimits;
}

/** Activities of the workflows on the task queue `orders`. */
export interface OrderActivities {
  readPolicy(): Promise<ResolvedPolicy>;
  /** The policy comes along: it is read when a run starts. */
  openOrder(input: {
    orderId: string;
    workflowId: string;
    paymentSignalled: boolean;
  }): Promise<{ policy: ResolvedPolicy; opened: OpenedOrder }>;
  recordPayment(input: { orderId: string; payment: CapturedPayment }): Promise<RecordedPayment>;
  planOrder(input: { orderId: string; workflowId: string }): Promise<NextStep>;
  projectOrder(input: Projection): Promise<ProjectionResult>;
  /** `waits`: asked by an order that waits for stock; those in the queue are served before it. */
  checkStock(input: {
    orderId: string;
    trial: boolean;
    lowStockWarning: number;
    waits?: boolean;
  }): Promise<StockCheck>;
  /** `note`: the purchase was sent before, and why it is not sent again. */
  buyVps(input: BuyVpsInput): Promise<PurchaseOutcome & { note?: string }>;
  storePurchaseReply(input: { purchaseId: string; reply: RawPurchaseReply }): Promise<PurchaseOutcome>;
  /** `asOwner`: settles by evidence; who waits for another order's purchase only waits. */
  settlePurchase(input: {
    purchaseId: string;
    asOwner: boolean;
    policy: PurchaseLimits;
  }): Promise<PurchaseOutcome>;
  resolvePurchase(input: {
    purchaseId: string;
    resolution: PurchaseResolution;
    policy: PurchaseLimits;
  }): Promise<ResolutionAnswer>;
  findCasePlace(input: { purchaseId: string }): Promise<CasePlace>;
  /** Gives the order to its remedy and starts that; the run that asks owns the order no longer where it is begun. */
  beginRemedy(input: RemedyWish): Promise<{ kind: 'begun' } | { kind: 'refused'; sentence: string }>;
  /** The first step of a remedy: takes the order, or says why not. The policy comes along. */
  takeRemedy(input: RemedyWish): Promise<{ policy: ResolvedPolicy; taken: RemedyTaken }>;
  /** Tells the owner before that the order is not its own any more, and waits a while until it has ended. */
  dismissOwner(input: { orderId: string; workflowId: string }): Promise<void>;
  /** A blocked remedy becomes another one, as long as no money has moved. */
  changeRemedy(input: RemedyWish): Promise<RemedyChange>;
  /** `skip`: payments that the gateway refused in this try; `did`: what this run has done already. */
  planRemedy(input: {
    orderId: string;
    workflowId: string;
    skip: string[];
    did: string[];
    monthOver: boolean;
    freeMonthMs: number;
  }): Promise<RemedyStep>;
  /** Wakes the remedy of an order whose free month waits. */
  tellFreeMonth(input: { orderId: string }): Promise<void>;
  /** Pays for one more month by a paid renewal, once. */
  renewServer(input: { orderId: string }): Promise<Renewal>;
  /** Makes the discount code that comes with the apology, once an order. */
  makeApologyCode(input: { orderId: string }): Promise<void>;
  /** The admin has given back outside the gateway what it refused: recorded as returned, with the reference. */
  /** False where the gateway may still give some of it back: that is not recorded. */
  recordRefundByHand(input: { orderId: string; reference: string }): Promise<boolean>;
  startRefund(input: { orderId: string; paymentKey: string; part?: RefundPart }): Promise<RefundStart>;
  /** A refund whose outcome is open is a benign failure that is tried again. */
  awaitRefund(input: { refundId: string }): Promise<RefundEnd>;
  /** What of a payment is owed to the customer beside any remedy. */
  planReturn(input: { paymentKey: string }): Promise<ReturnStep>;
  /** Starts `returnPayment` for a payment of which something is owed; a run that is alive stays the only one. */
  beginReturn(input: { paymentKey: string }): Promise<void>;
  /** False where the gateway may still give it back. */
  recordReturnByHand(input: {
    orderId: string;
    paymentKey: string;
    part: RefundPart | null;
    reference: string;
  }): Promise<boolean>;
  /** Adds one line to the timeline of an order, also of one that has ended, the same line once; a blocked remedy looks again. */
  noteOnOrder(input: { orderId: string; text: string }): Promise<void>;
  recordActs(input: { acts: AdminAct[] }): Promise<void>;
  strandServer(input: {
    purchaseId: string;
    ip?: string;
    cause?: string;
    remedyOf?: string;
  }): Promise<Stranding>;
  claimServer(input: { orderId: string; wish: AssignWish }): Promise<ClaimAnswer>;
  /** Looks for a stranded server that fits and takes it for the order, at most once an order. */
  claimStranded(input: { orderId: string }): Promise<StrandedClaim>;
  finishClaim(input: { purchaseId: string; everyMs: number }): Promise<ClaimEnd>;
  returnClaim(input: { purchaseId: string; why: string }): Promise<ClaimEnd>;
  verifyServer(input: { orderId: string; purchaseId: string }): Promise<Verification>;
  markPackageDry(input: { orderId: string; purchaseId: string }): Promise<void>;
  fetchCredentials(input: { orderId: string; purchaseId: string; everyMs: number }): Promise<{ os: string }>;
  /** `remedyOf`: the remedy that delivers, which may deliver another server than was ordered. */
  deliverOrder(input: { orderId: string; purchaseId: string; remedyOf?: string }): Promise<Delivery>;
  sendNotice(input: { orderId: string; factId: string; notice: OrderNotice }): Promise<void>;
  restartOrder(input: { orderId: string }): Promise<void>;
}
