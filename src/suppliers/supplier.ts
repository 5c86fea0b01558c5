import type { SupplierName } from '../domain/order.ts';
import type { PurchaseReply, RawPurchaseReply } from '../domain/purchase-reply.ts';
import type { Secret } from '../domain/secret.ts';

/** One pool of addresses as the supplier counts it. `status` is free text. */
export interface PackageStock {
  packageId: string;
  name: string;
  available: number;
  status: string;
}

/** What the supplier said about its stock. Times are ISO UTC; `skipped` tells each entry that was unreadable. */
export interface StockReading {
  startedAt: string;
  readAt: string;
  packages: PackageStock[];
  skipped: string[];
}

/** A server as the supplier describes it. Login and dates are absent until the supplier knows them. */
export type ServerStatus =
  | {
      kind: 'server';
      ip: string;
      username?: string;
      password?: Secret;
      os: string;
      /** As the supplier wrote it. */
      expiryDate?: string;
      /** `expiryDate` as an ISO date, where it is one. */
      expiresOn?: string;
      machineStatus: string;
      powerStatus: string;
      actionStatus: string;
    }
  | { kind: 'notOurs'; why: string };

export interface ServerRequest {
  ip: string;
}

export interface CallOptions {
  signal?: AbortSignal;
}

/**
 * A supplier of servers. Every method but the purchase throws SupplierError. Calls that change a server are made
 * once: after `unreachable` they may have happened (a repeated `renew` may be paid twice).
 */
export interface Supplier {
  readonly name: SupplierName;
  /** Whether purchases of one package must not overlap. */
  readonly needsLock: boolean;
  readStock(options?: CallOptions): Promise<StockReading>;
  /**
   * Asks for one server, once; never throws and never repeats. The caller's ledger says whether it may.
   * `longestPurchaseMs` bounds this purchase where the policy differs from the one the supplier was made with.
   */
  sendPurchase(
    request: { packageName: string; ramGb: number; longestPurchaseMs?: number },
    options?: CallOptions,
  ): Promise<RawPurchaseReply>;
  interpretPurchaseReply(reply: RawPurchaseReply): PurchaseReply;
  readServer(request: ServerRequest, options?: CallOptions): Promise<ServerStatus>;
  /** Wipes the server and installs `os`, named as the shop names it. */
  changeOs(request: ServerRequest & { os: string }, options?: CallOptions): Promise<void>;
  start(request: ServerRequest, options?: CallOptions): Promise<void>;
  stop(request: ServerRequest, options?: CallOptions): Promise<void>;
  /** Wipes the server and installs its system anew. */
  format(request: ServerRequest, options?: CallOptions): Promise<void>;
  /** Pays for one more month. */
  renew(request: ServerRequest, options?: CallOptions): Promise<void>;
  /** Ends the server for good; absent where the supplier has no such call. Safe to repeat. */
  terminate?(request: ServerRequest, options?: CallOptions): Promise<void>;
  /** Closes idle connections. */
  close(): Promise<void>;
}
