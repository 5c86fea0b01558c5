import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { LedgerSummary } from '../simulator/ledger.ts';

/** How fast a package's orders follow each other, measured at the simulator. */
export interface SpeedFigures {
  orders: number;
  latencyMs: number;
  /** End of one purchase to the start of the next. */
  handOffMs: { median: number; p95: number; max: number };
  /** From the first purchase's start to the last one's end, over orders x latency: 1 is the bound of nature. */
  makespanRatio: number;
  /** Events in the history of one order that was delivered without waiting. */
  historyEvents: number;
}

/** The speed of one package's purchases, from the simulator's ledger. Numbers are NaN where nothing was bought. */
export function speedOf(input: {
  summary: LedgerSummary;
  packageName: string;
  orders: number;
  latencyMs: number;
  historyEvents: number;
}): SpeedFigures {
  const { summary, packageName, orders, latencyMs, historyEvents } = input;
  const sorted = (summary.byPackage[packageName]?.handOffsMs ?? []).toSorted((left, right) => left - right);
  const share = (part: number) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
  const makespanMs = Date.parse(summary.lastEnd ?? '') - Date.parse(summary.firstStart ?? '');
  return {
    orders,
    latencyMs,
    handOffMs: { median: share(0.5), p95: share(0.95), max: share(1) },
    makespanRatio: Math.round((makespanMs / (orders * latencyMs)) * 1_000) / 1_000,
    historyEvents,
  };
}

const closedWithinMs = 10_000;

/** Number of events in the history of a delivered order's workflow, once it has ended. */
export async function countHistoryEvents(client: Client, orderId: string): Promise<number> {
  const handle = client.workflow.getHandle(orderWorkflowId(orderId));
  const deadline = Date.now() + closedWithinMs;
  while ((await handle.describe()).status.name === 'RUNNING' && Date.now() < deadline) await sleep(100);
  return (await handle.fetchHistory()).events?.length ?? 0;
}
