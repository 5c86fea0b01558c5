import type { FreeMonthLink, MonthOffer } from '../domain/free-month.ts';
import type { GatewayName, OrderStatus } from '../domain/order.ts';
import type { CapturedPayment } from '../domain/payment.ts';
import type { PurchaseResolution } from '../domain/purchase-resolution.ts';
import type { RemedyOption } from '../domain/remedy.ts';
import type {
  CheckoutOutcome,
  CheckoutReply,
  CheckoutRequest,
  MonthCheckout,
  OrderView,
  PayForm,
  ProductView,
} from '../domain/storefront.ts';
import type { RefundNews, RefundNoted, WebhookVerdict } from '../domain/webhook-verdict.ts';
import type { SitePorts } from './site/site-ports.ts';
import type { SyncAnswer, SyncWish } from './stock-routes.ts';
import type { SessionSettings } from './visitor.ts';

/** What a person wants of an order: to retry or to cancel it. */
export interface OrderWish {
  orderId: string;
  reason?: string;
  by: string;
}

/** A remedy for an order's customer. */
export interface CompensateWish extends OrderWish {
  option: RemedyOption;
  productId?: string;
  amountPaise?: number;
  reference?: string;
}

/** What became of a wish; `since` is ISO UTC. */
export type OrderActOutcome =
  | { kind: 'accepted'; orderId: string; orderStatus: OrderStatus; next: string }
  | { kind: 'refused'; orderStatus: OrderStatus; since: string; ageSeconds: number; sentence: string }
  | { kind: 'notFound' }
  | { kind: 'unavailable'; sentence: string };

/** A person's word on an order's open case, or on the purchase that is named. */
export interface ResolveRequest {
  orderId: string;
  purchaseId?: string;
  resolution: PurchaseResolution;
}

export type ResolveOutcome =
  | { kind: 'accepted'; orderId: string; purchaseId: string; next: string }
  | { kind: 'refused'; sentence: string }
  | { kind: 'notFound' }
  | { kind: 'unavailable'; sentence: string };

export interface ReadinessCheck {
  name: string;
  ok: boolean;
  detail?: string;
}

type LogLine = (members: object, sentence: string) => void;

/** The part of the logger that HTTP uses. */
export interface HttpLogger {
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}

export type WebhookJudge = (input: {
  rawBody: Buffer;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}) => WebhookVerdict;

/**
 * What the HTTP edge needs from the rest. A call that cannot reach Temporal or the database throws an error with
 * the code `temporalUnavailable`, `databaseUnavailable` or `gatewayUnavailable`: the answer is then 503 with Retry-After.
 */
export interface HttpPorts extends SitePorts {
  listProducts(): Promise<ProductView[]>;
  placeOrder(request: CheckoutRequest): Promise<CheckoutOutcome>;
  findOrder(input: { orderId: string }): Promise<OrderView | null>;
  /** Judges a webhook by its signature, age and content, on the bytes as they came. */
  verifyCashfreeWebhook: WebhookJudge;
  /** Null where that gateway is switched off. */
  verifyRazorpayWebhook: WebhookJudge | null;
  /** Our order id for a payment whose webhook names the gateway's order alone. */
  findGatewayOrder(input: { gateway: GatewayName; gatewayOrderId: string }): Promise<string>;
  /** Writes into the refund book how a refund ended. */
  noteRefund(refund: RefundNews): Promise<RefundNoted>;
  /** The one durable step of a webhook: resolves once Temporal has the payment. */
  acceptPayment(payment: CapturedPayment): Promise<void>;
  retryOrder(wish: OrderWish): Promise<OrderActOutcome>;
  cancelOrder(wish: OrderWish): Promise<OrderActOutcome>;
  compensateOrder(wish: CompensateWish): Promise<OrderActOutcome>;
  resolveCase(request: ResolveRequest): Promise<ResolveOutcome>;
  syncStock(wish: SyncWish): Promise<SyncAnswer>;
  /** True for a customer's link of ours that has not expired. */
  isValidLink(link: { orderId: string; purpose: string; until: string; key: string }): boolean;
  /** The signed link to the customer's page of an order, from now on. */
  orderLink(input: { orderId: string }): string;
  /** What the customer of a free month is offered by their link. */
  offerMonth(link: FreeMonthLink): Promise<MonthOffer>;
  /** What they have chosen: a payment to be made. */
  checkOutMonth(link: FreeMonthLink): Promise<MonthCheckout>;
  /** The way to the gateway's own page for a payment to be made; null where the gateway is off by now. */
  payForm(reply: CheckoutReply): PayForm | null;
  readiness(): Promise<ReadinessCheck[]>;
}

export interface HttpDeps {
  ports: HttpPorts;
  tokens: { storefront: string; admin: string };
  sessions: SessionSettings;
  /** IANA zone in which pages show moments. */
  shopTimeZone: string;
  logger: HttpLogger;
}
