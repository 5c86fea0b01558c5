import type { FailureCode, OrderStatus, SupplierName } from '../../domain/order.ts';
import type { OrderLine, OrderReport } from '../../domain/order-report.ts';
import type { ShopFigures } from '../../domain/shop-figures.ts';
import type { Verdict } from '../../domain/verdict.ts';

export type LoginOutcome =
  | { kind: 'welcome'; name: string; generation: string }
  | { kind: 'wrong' }
  | { kind: 'tooMany'; waitSeconds: number };

/** Which orders are wanted; null: all. Times are ISO UTC, `before` is the id after which the page goes on. */
export interface OrderSearch {
  status: OrderStatus | null;
  code: FailureCode | null;
  packageKey: string | null;
  email: string | null;
  from: string | null;
  to: string | null;
  before: string | null;
  limit: number;
}

/** The orders that have not ended, counted; capped where there are very many. */
export interface OpenOrders {
  byStatus: { status: OrderStatus; count: number; oldestSince: string }[];
  byCode: { code: FailureCode; count: number }[];
  /** The order that waits longest for a person or for its turn. */
  oldest: { orderId: string; status: OrderStatus; since: string } | null;
  isCapped: boolean;
}

/** Who acts on a page, and why. */
export interface Said {
  by: string;
  reason: string;
}

export interface Contact {
  name: string;
  email: string;
  phone: string;
}

export interface RevealedLogin {
  ip: string | null;
  username: string;
  password: string;
  os: string;
}

export interface StockCard {
  supplier: SupplierName;
  packageName: string;
  level: string;
  available: number | null;
  lastCount: number | null;
  readAt: string | null;
  staleSince: string | null;
  staleWhy: string | null;
  dry: boolean;
  alert: string | null;
  products: {
    productId: string;
    name: string;
    reserve: number;
    /** What may be sold now by the last count; null where there never was one. */
    free: number | null;
    marks: Readonly<Record<string, number>>;
    disabled: null | { note: string; auto: boolean };
  }[];
  /** Addresses that unpaid checkouts keep, and those of paid orders whose purchase is not counted yet. */
  held: number;
  promised: number;
  /** The last days, the oldest first; null while nobody knew. */
  history: { at: string; available: number | null }[];
}

interface LockRequest {
  requestId: string;
  ageSeconds: number;
}

export interface LockCard {
  lockId: string;
  supplier: string;
  packageName: string;
  state: 'running' | 'idle' | 'silent';
  view: null | {
    holder: LockRequest | null;
    waiters: (LockRequest & { place: number })[];
    pause: null | { reason: string; by: string; until: string | null };
    lastAct: null | { act: string; by: string; reason: string; at: string };
    lastRefusal: null | { sentence: string };
  };
}

export const serverStates = [
  'bought',
  'held',
  'changing',
  'delivered',
  'stranded',
  'retired',
  'foreign',
] as const;
export type ServerState = (typeof serverStates)[number];

export interface ServerCard {
  ip: string;
  supplier: string;
  state: ServerState;
  orderId: string | null;
  since: string;
  expiresAt: string | null;
  cost: { amountMinor: number; currency: string } | null;
  cause: string;
}

export interface ServersSeen {
  /** Of one state, or all but the foreign ones; a bounded number of them. */
  servers: ServerCard[];
  /** All of our servers by state, with what was paid for them where that is known. */
  totals: { state: ServerState; count: number; costs: { amountMinor: number; currency: string }[] }[];
}

/** What the pages need beside what the API has. */
export interface SitePorts {
  hasAdmins(): Promise<boolean>;
  logIn(input: { name: string; password: string; address: string }): Promise<LoginOutcome>;
  /** Recorded, as a sign-in is. */
  noteSignOut(input: { name: string }): Promise<void>;
  /** Newest first. */
  searchOrders(search: OrderSearch): Promise<OrderLine[]>;
  /** The same by a customer's address, which is recorded. */
  searchByEmail(search: OrderSearch & Said & { email: string }): Promise<OrderLine[]>;
  countOpen(): Promise<OpenOrders>;
  reportOrder(input: { orderId: string }): Promise<OrderReport | null>;
  /** Shows personal data, which is recorded first; null where there is no such order. */
  showCustomer(input: Said & { orderId: string }): Promise<Contact | null>;
  /** Opens the order's sealed login, which is recorded first. */
  revealLogin(
    input: Said & { orderId: string },
  ): Promise<{ kind: 'revealed'; login: RevealedLogin } | Exclude<Verdict, { kind: 'accepted' }>>;
  assignServer(input: Said & { orderId: string; ip: string }): Promise<Verdict>;
  strandServer(input: Said & { supplier: SupplierName; ip: string }): Promise<Verdict>;
  listStock(): Promise<StockCard[]>;
  setSale(input: Said & { productId: string; isSold: boolean }): Promise<Verdict>;
  listLocks(): Promise<LockCard[]>;
  steerLock(
    input: Said & {
      lockId: string;
      act: 'pauseLock' | 'resumeLock' | 'forceRelease';
      requestId: string | null;
    },
  ): Promise<Verdict>;
  listServers(input: { state: ServerState | null }): Promise<ServersSeen>;
  measure(): Promise<ShopFigures>;
}
