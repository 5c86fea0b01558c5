import type { AdminAct } from '../domain/admin-act.ts';

/** One act of a person (collection `auditLog`, `_id` = actId): never changed once it is there. */
export type AuditDocument = Omit<AdminAct, 'actId'> & { _id: string };
