import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { endStatuses, type Failure, type FailureCode, type OrderStatus } from '../src/domain/order.ts';
import type { OrderFacts } from '../src/domain/order-facts.ts';
import type { Projection } from '../src/domain/projection.ts';
import { records } from './activity-proxies.ts';
import {
  failureCodeKey,
  orderStatusKey,
  statusSinceKey,
  supplierPackageKey,
} from './contract/search-attributes.ts';
import { describeOrder } from './order-details.ts';

export interface OrderRecord {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly sinceMs: number;
  readonly failure: Failure | null;
  /** The purchase that waits for a person's word; null where none does. */
  readonly casePurchaseId: string | null;
  readonly next: { text: string; at: string | null };
  readonly timeline: readonly { at: string; text: string }[];
  readonly refusals: readonly string[];
  /** Takes over what MongoDB said when the run began. */
  adopt(order: OrderFacts): void;
  /** Writes a status after the fact it states. @throws OwnerChanged where the order is somebody else's by now. */
  enter(change: StatusChange): Promise<void>;
  /** Adds a line to the timeline; the next write takes it along. */
  note(text: string): void;
  /** Notes a refused message where admins look: timeline and details. */
  refuse(sentence: string): void;
  /** Writes the notes that no status has taken along yet. */
  flush(): Promise<void>;
  readonly hasUnwrittenNotes: boolean;
  /** True once everything that was noted stands in the document, or the document is somebody else's. */
  readonly isWritten: boolean;
}

interface StatusChange {
  status: OrderStatus;
  text: string;
  next: { text: string; at: string | null };
  failure?: { code: FailureCode; message: string };
  /** The purchase of a failure that a person may resolve. */
  casePurchaseId?: string;
  ip?: string;
}

/** Thrown where a write finds that another workflow owns the order: this run says nothing more. */
export class OwnerChanged extends Error {
  override name = 'OwnerChanged';
}

/** What a run knows of its order; the only place that writes the order's status. */
export function createOrderRecord(orderId: string): OrderRecord {
  let facts: OrderFacts | undefined;
  let status: OrderStatus = 'pendingPayment';
  let sinceMs = Date.now();
  let failure: Failure | null = null;
  let casePurchaseId: string | null = null;
  let ip: string | null = null;
  let next: StatusChange['next'] = { text: 'The order is loaded and checked.', at: null };
  let version = 0;
  let claimed = 0;
  let hasEntered = false;
  let written = 0;
  let packagePublished = false;
  let writing: Promise<void> = Promise.resolve();
  const timeline: { at: string; text: string }[] = [];
  const refusals: string[] = [];

  let isLost = false;

  const record: OrderRecord = {
    orderId,
    get status() {
      return status;
    },
    get sinceMs() {
      return sinceMs;
    },
    get failure() {
      return failure;
    },
    get casePurchaseId() {
      return casePurchaseId;
    },
    get next() {
      return next;
    },
    timeline,
    refusals,
    get hasUnwrittenNotes() {
      return hasEntered && claimed < timeline.length;
    },
    get isWritten() {
      return !hasEntered || isLost || written === timeline.length;
    },
    adopt(order) {
      facts = order;
      status = order.status;
      sinceMs = Date.parse(order.statusSince);
      failure = order.failure;
      version = order.version;
    },
    note(text) {
      timeline.push({ at: new Date(Date.now()).toISOString(), text });
      showDetails();
    },
    refuse(sentence) {
      refusals.push(sentence);
      if (refusals.length > 10) refusals.shift();
      record.note(`Refused: ${sentence}`);
    },
    async enter(change) {
      const failedBefore = failure !== null;
      if (change.status !== status) sinceMs = Date.now();
      status = change.status;
      next = change.next;
      failure = change.failure ? { ...change.failure, since: new Date(sinceMs).toISOString() } : null;
      casePurchaseId = change.casePurchaseId ?? null;
      if (change.ip) ip = change.ip;
      record.note(change.text);
      hasEntered = true;
      publishSearchAttributes(failedBefore);
      await write();
    },
    async flush() {
      await write();
    },
  };
  return record;

  function publishSearchAttributes(failedBefore: boolean): void {
    upsertSearchAttributes([
      { key: orderStatusKey, value: status },
      { key: statusSinceKey, value: new Date(sinceMs) },
      ...(facts && !packagePublished
        ? [{ key: supplierPackageKey, value: `${facts.supplier}:${facts.packageKey}` }]
        : []),
      ...(failure ? [{ key: failureCodeKey, value: failure.code }] : []),
      ...(!failure && failedBefore ? [{ key: failureCodeKey, value: null }] : []),
    ]);
    packagePublished ||= facts !== undefined;
  }

  function showDetails(): void {
    setCurrentDetails(describeOrder({ orderId, facts, status, sinceMs, failure, next, timeline, refusals }));
  }

  /** One write after another: two at once could lose the timeline of the older one. */
  function write(): Promise<void> {
    claimed = timeline.length;
    const mine = writing.then(writeNow);
    writing = mine.catch(() => undefined);
    return mine;
  }

  async function writeNow(): Promise<void> {
    const upTo = timeline.length;
    const news = timeline.slice(written, upTo);
    for (;;) {
      version = Math.max(Date.now(), version + 1);
      const result = await records.projectOrder(projection(news));
      isLost = result.kind === 'otherOwner';
      if (result.kind === 'otherOwner')
        throw new OwnerChanged(`Order ${orderId} belongs to another workflow.`);
      if (result.kind === 'written') break;
      version = result.version;
    }
    written = upTo;
  }

  function projection(news: { at: string; text: string }[]): Projection {
    return {
      orderId,
      workflowId: workflowInfo().workflowId,
      version,
      at: new Date(Date.now()).toISOString(),
      status,
      statusSince: new Date(sinceMs).toISOString(),
      open: !endStatuses.includes(status),
      failure,
      next,
      server: ip === null ? null : { ip },
      timeline: news,
    };
  }
}
