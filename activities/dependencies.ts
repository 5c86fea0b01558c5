import type { Collections } from '../src/database.ts';
import type { AdminAct } from '../src/domain/admin-act.ts';
import type { GatewayName, SupplierName } from '../src/domain/order.ts';
import type { OrderNotice } from '../src/domain/order-notice.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { PaymentGateway } from '../src/payments/gateway.ts';
import type { CredentialBox } from '../src/servers/credential-box.ts';
import type { Supplier } from '../src/suppliers/supplier.ts';
import type { CompensateOrderInput } from '../workflows/contract/compensate-order.ts';
import type { LockActivities } from '../workflows/contract/package-lock.ts';

/** The part of the logger that activities use: members first, then the sentence. */
export interface ActivityLogger {
  info: (fields: object, sentence: string) => void;
  warn: (fields: object, sentence: string) => void;
  error: (fields: object, sentence: string) => void;
}

/** What activities work with; composition hands in the real parts. */
export interface ActivityDependencies {
  db: Collections;
  supplierOf: (name: SupplierName) => Supplier;
  box: CredentialBox;
  /** Reads the policy anew, so that a change reaches what waits. */
  readPolicy: () => Promise<ResolvedPolicy>;
  sendNotice: (input: { orderId: string; factId: string; notice: OrderNotice }) => Promise<void>;
  locks: Pick<LockActivities, 'requestLock' | 'releaseLock'>;
  restartOrder: (input: { orderId: string }) => Promise<unknown>;
  startReturn: (input: { paymentKey: string }) => Promise<unknown>;
  startCompensation: (input: CompensateOrderInput) => Promise<unknown>;
  /** Tells an order that waits for stock to look again. */
  tellStockChanged: (input: { workflowId: string }) => Promise<void>;
  dismissOwner: (input: { workflowId: string }) => Promise<void>;
  /** Wakes the remedy of an order whose free month waits; a remedy that has ended needs nothing. */
  tellFreeMonth: (input: { orderId: string }) => Promise<void>;
  /** Has a blocked remedy look again; one that has ended needs nothing. */
  tellBlockedRemedy: (input: { orderId: string; reason: string }) => Promise<void>;
  gatewayOf: (name: GatewayName) => PaymentGateway;
  /** Writes people's acts to the audit log, each once. */
  recordActs: (acts: readonly AdminAct[]) => Promise<void>;
  now: () => string;
  sleep: (ms: number) => Promise<void>;
  /** As `sleep`, but throws once the worker ends: for waits that another worker goes on with. */
  pause: (ms: number) => Promise<void>;
  log: ActivityLogger;
}
