import type { Client } from '@temporalio/client';
import { TemporalUnavailable } from './connection.ts';
import { findGrpcStatus } from './service-error.ts';

const retentionSeconds = 30 * 24 * 3600;
const lookEveryMs = 1_000;

/** gRPC status codes: https://grpc.io/docs/guides/status-codes/ */
const notFound = 5;
const alreadyExists = 6;
const refusals: readonly number[] = [7, 16];

/**
 * Waits until Temporal answers, at most `limitMs`, and makes the namespace where there is none (30 days of
 * retention). Safe to repeat. Throws `TemporalUnavailable` when the time is over, and what the server said
 * where it refuses us.
 */
export async function openNamespace(input: {
  client: Client;
  namespace: string;
  /** For the sentence of the error. */
  address: string;
  limitMs: number;
  sleep: (ms: number) => Promise<void>;
  log: { info: (fields: object, sentence: string) => void };
}): Promise<void> {
  const { client, namespace, address, limitMs, sleep, log } = input;
  const giveUpAt = Date.now() + limitMs;
  for (let isTold = false; ; isTold = true) {
    const found = await lookForNamespace(client, namespace);
    if (found === 'there') return;
    if (found === 'missing') await makeNamespace(input);
    else if (!isTold) log.info({ address }, 'Temporal does not answer yet; waiting');
    if (Date.now() > giveUpAt) {
      throw new TemporalUnavailable(
        `Failed to open the namespace ${namespace}: Temporal at ${address} did not answer within ` +
          `${Math.round(limitMs / 1_000)} s. Check TEMPORAL_ADDRESS, and whether Temporal runs.`,
      );
    }
    await sleep(lookEveryMs);
  }
}

/** Asks for what is needed next: a namespace that was made just now is not known everywhere at once. */
async function lookForNamespace(client: Client, namespace: string): Promise<'there' | 'missing' | 'silent'> {
  try {
    await client.withDeadline(Date.now() + 5_000, () =>
      client.connection.operatorService.listSearchAttributes({ namespace }),
    );
    return 'there';
  } catch (error) {
    const status = findGrpcStatus(error);
    if (status === undefined || refusals.includes(status)) throw error;
    return status === notFound ? 'missing' : 'silent';
  }
}

async function makeNamespace(input: Parameters<typeof openNamespace>[0]): Promise<void> {
  const { client, namespace, log } = input;
  try {
    await client.connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: retentionSeconds as never },
    });
    log.info({ namespace, days: 30 }, 'Made the namespace');
  } catch (error) {
    if (findGrpcStatus(error) !== alreadyExists) throw error;
  }
}
