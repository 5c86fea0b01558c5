import type { Client } from '@temporalio/client';
import { assignServerUpdate } from '../../workflows/contract/provision-order.ts';
import { type StrandServerResult, strandWorkflowId } from '../../workflows/contract/resolve-case.ts';
import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import { askOrder } from './ask-order.ts';
import { orUnavailable, runVerdict, unavailable } from './run-verdict.ts';

const strandWithinMs = 120_000;
const assignWithinMs = 30_000;

/** What became of a wish about a server: `next` says what happens, or happened. */
export type PlacingOutcome =
  | { kind: 'accepted'; next: string }
  | { kind: 'refused'; sentence: string }
  | { kind: 'unavailable'; sentence: string };

interface PlacingDependencies {
  client: Client;
  db: Pick<Collections, 'orders' | 'servers'>;
}

/** Stops and wipes a server that its order does not need any more, by the workflow `strand-<supplier>-<ip>`. */
export function strandServer(
  { client, db }: PlacingDependencies,
  input: { supplier: SupplierName; ip: string; by: string; reason: string | null },
): Promise<PlacingOutcome> {
  return orUnavailable(async () => {
    const { supplier, ip, by, reason } = input;
    const server = await db.servers.findOne({ _id: `${supplier}:${ip}` });
    const purchaseId = server?.tenancy.purchaseId;
    if (!purchaseId) return { kind: 'refused', sentence: `${ip} is no server that was bought by us.` };
    const workflowId = strandWorkflowId(input);
    const result = await runVerdict<StrandServerResult>(client, {
      type: 'strandServer',
      workflowId,
      args: { purchaseId, by, reason },
      summary: `Strand ${ip}`,
      withinMs: strandWithinMs,
    });
    if (result === null) {
      return { kind: 'accepted', next: `It is under way: see the workflow ${workflowId}.` };
    }
    const { ended, explanation } = result;
    return ended === 'stranded'
      ? { kind: 'accepted', next: explanation }
      : { kind: 'refused', sentence: explanation };
  });
}

/** Gives a stranded server to an order, by its workflow's message `assignServer`. */
export function assignServer(
  { client, db }: PlacingDependencies,
  input: { orderId: string; ip: string; by: string; reason: string | null },
): Promise<PlacingOutcome> {
  return orUnavailable(async () => {
    const { orderId, ip, by, reason } = input;
    const order = await db.orders.findOne({ _id: orderId });
    if (!order) return { kind: 'refused', sentence: `There is no order ${orderId}.` };
    const said = { ip, by, ...(reason === null ? {} : { reason }) };
    const asked = await askOrder(client, {
      orderId,
      update: assignServerUpdate,
      said,
      withinMs: assignWithinMs,
    });
    switch (asked.kind) {
      case 'answered':
        return { kind: 'accepted', next: asked.accepted.next };
      case 'refused':
        return { kind: 'refused', sentence: asked.refusal.sentence };
      case 'gone':
        return {
          kind: 'refused',
          sentence: `No workflow runs for order ${orderId} (${order.status}). Retry the order first.`,
        };
      case 'silent':
        return unavailable;
    }
  });
}
