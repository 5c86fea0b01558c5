import { randomUUID } from 'node:crypto';
import { type Collections, insertEachOnce, insertOnce } from '../database.ts';
import type { AdminAct } from '../domain/admin-act.ts';
import type { AuditDocument } from './audit-document.ts';

/** What admins did, each act once (I11). */
export interface AuditLog {
  /** Safe to repeat: the same `actId` is written once and stays as it was written first. */
  record(act: AdminAct): Promise<void>;
  /** The same for many, in few calls. */
  recordAll(acts: readonly AdminAct[]): Promise<void>;
  /** The newest acts first; those on one subject (an order, a lock, a server ...) where its id is given. */
  list(input: { subjectId?: string; limit: number }): Promise<AdminAct[]>;
}

export function createAuditLog({ db }: { db: Pick<Collections, 'auditLog'> }): AuditLog {
  return {
    async record(act) {
      await insertOnce(db.auditLog, documentOf(act));
    },
    async recordAll(acts) {
      await insertEachOnce(db.auditLog, acts.map(documentOf));
    },
    async list({ subjectId, limit }) {
      const filter = subjectId === undefined ? {} : { 'subject.id': subjectId };
      const found = await db.auditLog.find(filter).sort({ at: -1, _id: -1 }).limit(limit).toArray();
      return found.map(({ _id: actId, ...act }) => ({ actId, ...act }));
    },
  };
}

function documentOf({ actId, ...act }: AdminAct): AuditDocument {
  return { _id: actId, ...act };
}

/** An act as whoever carries it out tells it; without them its id and its moment are made when it is recorded. */
export type DoneAct = Omit<AdminAct, 'actId' | 'at'> & Partial<Pick<AdminAct, 'actId' | 'at'>>;

/**
 * Records acts that no workflow records. The act is done by then: a database that does not answer is told, by
 * `onLost`, and does not undo it.
 */
export function createActRecorder(deps: {
  audit: Pick<AuditLog, 'record'>;
  /** ISO UTC. */
  now: () => string;
  onLost: (act: AdminAct, error: unknown) => void;
}): (done: DoneAct) => Promise<void> {
  return async (done) => {
    const act: AdminAct = { actId: randomUUID(), at: deps.now(), ...done };
    try {
      await deps.audit.record(act);
    } catch (error) {
      deps.onLost(act, error);
    }
  };
}
