import {
  condition,
  log,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { AdminAct } from '../src/domain/admin-act.ts';
import { endStatuses, type Failure, type OrderStatus } from '../src/domain/order.ts';
import type { OrderFacts } from '../src/domain/order-facts.ts';
import type { Projection } from '../src/domain/projection.ts';
import { isAllowedMove } from '../src/domain/state-table.ts';
import { records } from './activity-proxies.ts';
import {
  decisionDeadlineKey,
  failureCodeKey,
  orderStatusKey,
  statusSinceKey,
  supplierPackageKey,
} from './contract/search-attributes.ts';
import { gatherMessages } from './gather-messages.ts';
import { describeOrder } from './order-details.ts';

export interface OrderRecord {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly sinceMs: number;
  readonly failure: Failure | null;
  /** The purchase that waits for a person's word; null where none does. */
  readonly casePurchaseId: string | null;
  readonly next: { text: string; at: string | null };
  /** When the failure's default is carried out by itself, ISO UTC. */
  readonly decisionDeadline: string | null;
  readonly timeline: readonly { at: string; text: string }[];
  readonly refusals: readonly string[];
  /** Takes over what MongoDB said when the run began, then does what waited for it. */
  adopt(order: OrderFacts): void;
  /** Takes up the case of a failure that an earlier run wrote: the document does not name it. */
  resumeCase(purchaseId: string): void;
  /** Does it now, or as soon as the order is known: before that every message would meet a blank record. */
  onceKnown(act: () => void): void;
  /** Writes a status after the fact it states. @throws OwnerChanged where the order is somebody else's by now. */
  enter(change: StatusChange): Promise<void>;
  /** Adds a line to the timeline; the next write takes it along. */
  note(text: string): void;
  /** Notes a person's message and its answer where admins look: timeline, details and the audit log. */
  act(done: { act: string; by: string; reason: string | null; answer: string; accepted: boolean }): void;
  /** Sets what happens next by itself, where that changes within a status. */
  expect(next: { text: string; at: string | null }): void;
  /** Writes the notes that no status has taken along yet. */
  flush(): Promise<void>;
  /** The order belongs to a remedy now: lists by status must not find this run any more. */
  handOver(): void;
  /** Asks the document whether this run still owns the order; true before the run has read it. */
  isStillOurs(): Promise<boolean>;
  readonly hasUnwrittenNotes: boolean;
  /** True once everything that was noted stands in the document, or the document is somebody else's. */
  readonly isWritten: boolean;
}

interface StatusChange {
  status: OrderStatus;
  text: string;
  next: { text: string; at: string | null };
  failure?: Omit<Failure, 'since'>;
  /** Relative to the moment of the status: when its default comes, and what `next` waits for. */
  decideWithinMs?: number;
  nextWithinMs?: number;
  /** The purchase of a failure that a person may resolve. */
  casePurchaseId?: string;
  ip?: string;
  /** True where an end is none yet: a free month runs. */
  staysOpen?: boolean;
}

/** Lines of the timeline, and acts of the audit log, that one write takes along. */
const newsPerWrite = 50;

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
  let decisionDeadline: string | null = null;
  let version = 0;
  let isOpen = true;
  let claimed = 0;
  let hasEntered = false;
  let written = 0;
  let packagePublished = false;
  let writing: Promise<void> = Promise.resolve();
  const timeline: { at: string; text: string }[] = [];
  const refusals: string[] = [];
  const acts: AdminAct[] = [];
  let actsWritten = 0;

  let isLost = false;
  const waiting: (() => void)[] = [];

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
    get decisionDeadline() {
      return decisionDeadline;
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
      next = order.next ?? next;
      decisionDeadline = order.decisionDeadline;
      version = order.version;
      isOpen = order.open;
      // An order that an earlier run has taken on is shown and written before this run enters anything.
      if (status !== 'pendingPayment') {
        hasEntered = true;
        publishSearchAttributes(false);
      }
      for (const act of waiting.splice(0)) act();
    },
    resumeCase(purchaseId) {
      casePurchaseId = purchaseId;
    },
    onceKnown(act) {
      if (facts === undefined) waiting.push(act);
      else act();
    },
    note(text) {
      timeline.push({ at: new Date(Date.now()).toISOString(), text });
      showDetails();
    },
    act({ act, by, reason, answer, accepted }) {
      if (!accepted) {
        refusals.push(answer);
        if (refusals.length > 10) refusals.shift();
      }
      acts.push({
        actId: `${workflowInfo().workflowId}:${workflowInfo().runId}:${acts.length + 1}`,
        at: new Date(Date.now()).toISOString(),
        by,
        act,
        subject: { kind: 'order', id: orderId },
        reason,
        accepted,
        answer,
      });
      const why = reason ? ` (${reason})` : '';
      record.note(`${accepted ? '' : 'Refused: '}${act} by ${by}${why}. ${answer}`);
    },
    expect(expected) {
      next = expected;
      showDetails();
    },
    async enter(change) {
      const failedBefore = failure !== null;
      if (!isAllowedMove(status, change.status)) {
        log.error('The state table does not know this move', { orderId, from: status, to: change.status });
      }
      if (change.status !== status || change.failure) sinceMs = Date.now();
      status = change.status;
      next = {
        ...change.next,
        ...(change.nextWithinMs === undefined ? {} : { at: after(change.nextWithinMs) }),
      };
      decisionDeadline = change.decideWithinMs === undefined ? null : after(change.decideWithinMs);
      failure = change.failure ? { ...change.failure, since: new Date(sinceMs).toISOString() } : null;
      casePurchaseId = change.casePurchaseId ?? null;
      if (change.ip) ip = change.ip;
      isOpen = change.staysOpen === true || !endStatuses.includes(status);
      record.note(change.text);
      hasEntered = true;
      publishSearchAttributes(failedBefore);
      await write();
    },
    async flush() {
      await write();
    },
    handOver() {
      upsertSearchAttributes([
        { key: orderStatusKey, value: 'compensating' },
        { key: failureCodeKey, value: null },
        { key: decisionDeadlineKey, value: null },
      ]);
    },
    async isStillOurs() {
      if (facts === undefined) return true;
      try {
        await write();
        return true;
      } catch (error) {
        return !(error instanceof OwnerChanged);
      }
    },
  };
  return record;

  function after(ms: number): string {
    return new Date(sinceMs + ms).toISOString();
  }

  function publishSearchAttributes(failedBefore: boolean): void {
    upsertSearchAttributes([
      { key: orderStatusKey, value: status },
      { key: statusSinceKey, value: new Date(sinceMs) },
      ...(failure || failedBefore
        ? [{ key: decisionDeadlineKey, value: decisionDeadline === null ? null : new Date(decisionDeadline) }]
        : []),
      ...(facts && !packagePublished
        ? [{ key: supplierPackageKey, value: `${facts.supplier}:${facts.packageKey}` }]
        : []),
      ...(failure ? [{ key: failureCodeKey, value: failure.code }] : []),
      ...(!failure && failedBefore ? [{ key: failureCodeKey, value: null }] : []),
    ]);
    packagePublished ||= facts !== undefined;
  }

  function showDetails(): void {
    const inMonth = status === 'active' && isOpen;
    const state = { orderId, status, failure, inMonth };
    setCurrentDetails(
      describeOrder({ ...state, facts, sinceMs, next, decisionDeadline, timeline, refusals }),
    );
  }

  /** One write after another: two at once could lose the timeline of the older one. */
  function write(): Promise<void> {
    claimed = timeline.length;
    const mine = writing.then(writeNow);
    writing = mine.catch(() => undefined);
    return mine;
  }

  /** In parts: one local activity with thousands of rows could never end within its time, and would be tried for ever. */
  async function writeNow(): Promise<void> {
    const upTo = timeline.length;
    const actsUpTo = acts.length;
    do {
      const part = {
        timeline: timeline.slice(written, Math.min(upTo, written + newsPerWrite)),
        acts: acts.slice(actsWritten, Math.min(actsUpTo, actsWritten + newsPerWrite)),
      };
      await writePart(part);
      written += part.timeline.length;
      actsWritten += part.acts.length;
    } while (written < upTo || actsWritten < actsUpTo);
  }

  async function writePart(news: Pick<Projection, 'timeline' | 'acts'>): Promise<void> {
    for (;;) {
      version = Math.max(Date.now(), version + 1);
      const result = await records.projectOrder(projection(news));
      isLost = result.kind === 'otherOwner';
      if (result.kind === 'otherOwner')
        throw new OwnerChanged(`Order ${orderId} belongs to another workflow.`);
      if (result.kind === 'written') return;
      version = result.version;
    }
  }

  function projection(news: Pick<Projection, 'timeline' | 'acts'>): Projection {
    return {
      orderId,
      workflowId: workflowInfo().workflowId,
      version,
      at: new Date(Date.now()).toISOString(),
      status,
      statusSince: new Date(sinceMs).toISOString(),
      open: isOpen,
      failure,
      next,
      server: ip === null ? null : { ip },
      decisionDeadline,
      ...news,
    };
  }
}

/** Notes that no status takes along (a refused message, a paused lock) reach the order's document within a second or so. */
export async function writeNotesInBackground(record: OrderRecord): Promise<void> {
  for (;;) {
    await condition(() => record.hasUnwrittenNotes);
    await gatherMessages({ summary: 'Then the notes are written' });
    if (!record.hasUnwrittenNotes) continue;
    try {
      await record.flush();
    } catch (error) {
      if (!(error instanceof OwnerChanged)) throw error;
      return;
    }
  }
}
