import type { Client } from '@temporalio/client';
import { assignServerUpdate } from '../../workflows/contract/provision-order.ts';
import { type StrandServerResult, strandWorkflowId } from '../../workflows/contract/resolve-case.ts';
import type { Collections } from '../database.ts';
import type { OrderStatus, SupplierName } from '../domain/order.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOrder } from './ask-order.ts';
import { type RecordAct, recordOrderAct } from './order-act.ts';
import { restartOrder } from './restart-order.ts';
import { orUnavailable, runVerdict, unavailable } from './run-verdict.ts';

const strandWithinMs = 120_000;
const assignWithinMs = 30_000;

/** What the order's workflow says as well, where it runs. */
const takesServers: readonly OrderStatus[] = ['failed', 'waitingForStock'];

interface PlacingDependencies {
  client: Client;
  db: Pick<Collections, 'orders' | 'servers'>;
  recordAct: RecordAct;
}

interface PlacingWish {
  ip: string;
  by: string;
  reason: string | null;
}

/** Stops and wipes a server that its order does not need any more, by the workflow `strand-<supplier>-<ip>`. */
export function strandServer(
  deps: PlacingDependencies,
  input: PlacingWish & { supplier: SupplierName },
): Promise<Verdict> {
  return recorded(deps, input, async () => {
    const { client, db } = deps;
    const { supplier, ip, by, reason } = input;
    const server = await db.servers.findOne({ _id: `${supplier}:${ip}` });
    const purchaseId = server?.tenancy.purchaseId;
    if (!purchaseId) return { kind: 'refused', sentence: `${ip} is no server that was bought by us.` };
    const workflowId = strandWorkflowId(input);
    const result = await runVerdict<StrandServerResult>(client, {
      type: 'strandServer',
      workflowId,
      args: { purchaseId, ip, by, reason },
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
export async function assignServer(
  deps: PlacingDependencies,
  input: PlacingWish & { orderId: string },
): Promise<Verdict> {
  const { orderId } = input;
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (!order) return { kind: 'refused', sentence: `There is no order ${orderId}.` };
  const outcome = await orUnavailable(() => askToAssign(deps, { ...input, order }));
  if (outcome.kind === 'refused') {
    // What the workflow accepts it records itself.
    const { sentence: answer } = outcome;
    await recordOrderAct(deps, { act: 'assignServer', wish: input, accepted: false, answer });
  }
  return outcome;
}

async function askToAssign(
  { client, db }: PlacingDependencies,
  { order, ip, by, reason }: PlacingWish & { order: OrderDocument },
): Promise<Verdict> {
  const said = { ip, by, ...(reason === null ? {} : { reason }) };
  const update = assignServerUpdate;
  const asked = await askOrder(client, { order, update, said, withinMs: assignWithinMs });
  switch (asked.kind) {
    case 'answered':
      return { kind: 'accepted', next: asked.accepted.next };
    case 'refused':
      return { kind: 'refused', sentence: asked.refusal.sentence };
    case 'gone': {
      // Not left to a retry, which would buy another server.
      const { _id: orderId, status } = (await db.orders.findOne({ _id: order._id })) ?? order;
      const restarted = takesServers.includes(status)
        ? await restartOrder({ client, db }, { orderId })
        : 'ended';
      if (restarted === 'ended' || restarted === 'unknownOrder') {
        const sentence = `Order ${orderId} is ${status}: a server is assigned to a failed or waiting order only.`;
        return { kind: 'refused', sentence };
      }
      const sentence = `The workflow of order ${orderId} was gone and is started again. Assign the server once more.`;
      return { kind: 'unavailable', sentence };
    }
    case 'silent':
      return unavailable;
  }
}

/** Strands and records what was answered: no order's workflow sees it. */
async function recorded(
  deps: PlacingDependencies,
  wish: PlacingWish & { supplier: SupplierName },
  work: () => Promise<Verdict>,
): Promise<Verdict> {
  const outcome = await orUnavailable(work);
  if (outcome.kind === 'unavailable') return outcome;
  const { supplier, ip, by, reason } = wish;
  await deps.recordAct({
    act: 'strandServer',
    subject: { kind: 'server', id: `${supplier}:${ip}` },
    by,
    reason,
    accepted: outcome.kind === 'accepted',
    answer: outcome.kind === 'accepted' ? outcome.next : outcome.sentence,
  });
  return outcome;
}
