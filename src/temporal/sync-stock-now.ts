import { type Client, WorkflowFailedError } from '@temporalio/client';
import {
  monitorStockType,
  type StockSync,
  syncStockWorkflowId,
} from '../../workflows/contract/monitor-stock.ts';
import { orUnavailable, runVerdict } from './run-verdict.ts';

/** A person waits so long for the answer; the sync goes on without them. */
const withinMs = 20_000;

/** What became of a sync that a person asked for. */
export type SyncOutcome =
  | { kind: 'done'; sync: StockSync }
  | { kind: 'running'; workflowId: string }
  | { kind: 'unavailable'; sentence: string };

/** Reads the stock now; a sync that a person asked for just before serves this one too. */
export async function syncStockNow(client: Client): Promise<SyncOutcome> {
  return orUnavailable(async () => {
    const workflowId = syncStockWorkflowId;
    const summary = 'Reads the stock of every supplier because somebody asked';
    const run = { type: monitorStockType, workflowId, args: {}, summary, withinMs };
    try {
      const sync = await runVerdict<StockSync>(client, run);
      return sync === null ? { kind: 'running', workflowId } : { kind: 'done', sync };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const sentence = `The workflow ${workflowId} could not read or keep the stock; its last counts stay. Look at it, then try again.`;
      return { kind: 'unavailable', sentence };
    }
  });
}
