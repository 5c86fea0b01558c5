import { assertNever } from '../domain/assert-never.ts';
import type { HttpDeps } from './ports.ts';
import { unavailable } from './problem.ts';
import { readWish } from './read-request.ts';
import type { Reply, Route, RouteRequest } from './route.ts';

/** A person's wish to read the stock now. */
export interface SyncWish {
  by: string;
  reason: string | null;
}

/** `stock` is what is known after the sync, one line a package; `told` the sync in words. */
export type SyncAnswer =
  | { kind: 'done'; sync: object; told: { isWell: boolean; lines: string[] }; stock: object[] }
  | { kind: 'running'; workflowId: string }
  | { kind: 'unavailable'; sentence: string };

/** The routes about stock. */
export const stockRoutes: readonly Route[] = [
  { method: 'POST', path: '/api/smartvps/sync', access: 'admin', body: 'optionalJson', handle: syncStock },
];

async function syncStock({ body }: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const read = readWish({ orderId: '', body });
  if (!read.ok) return read.reply;
  const { by, reason = null } = read.value;
  const answer = await ports.syncStock({ by, reason });
  switch (answer.kind) {
    case 'done':
      return { status: 200, body: { ...answer.sync, packages: answer.stock } };
    case 'running': {
      const { workflowId } = answer;
      return { status: 202, body: { workflowId, next: 'The stock is being read; ask again in a moment.' } };
    }
    case 'unavailable':
      return unavailable(answer.sentence);
    default:
      return assertNever(answer);
  }
}
