import type { Client } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import { searchAttributeKeys } from '../../workflows/contract/search-attributes.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const retentionSeconds = 30 * 24 * 3600;
const usableWithinMs = 60_000;
const lookEveryMs = 500;

/** The namespace lacks something and we may not mend it: says which commands to run. */
export class NamespaceNotPrepared extends Error {
  override name = 'NamespaceNotPrepared';
}

interface PrepareInput {
  client: Client;
  namespace: string;
  sleep: (ms: number) => Promise<void>;
  log: { info: (fields: object, sentence: string) => void };
}

/**
 * Registers missing search attributes and raises the namespace's retention to 30 days, then waits until the
 * attributes are usable: an unregistered one lets workflow tasks fail silently for ever. Safe to repeat, and to run
 * in several processes at once.
 * @throws NamespaceNotPrepared where the server does not let us (Temporal Cloud), with the commands to run.
 */
export async function prepareNamespace(input: PrepareInput): Promise<void> {
  const giveUpAt = Date.now() + usableWithinMs;
  for (;;) {
    const missing = await findMissing(input);
    if (missing.length === 0) break;
    if (Date.now() > giveUpAt) throw notPrepared(input.namespace, missing, new Error('they do not appear'));
    if (!(await register(input, missing))) await input.sleep(lookEveryMs);
  }
  await raiseRetention(input);
  await untilUsable(input, giveUpAt);
}

async function findMissing({ client, namespace }: PrepareInput): Promise<string[]> {
  const listed = await client.connection.operatorService.listSearchAttributes({ namespace });
  const known = new Set([
    ...Object.keys(listed.customAttributes ?? {}),
    ...Object.keys(listed.systemAttributes ?? {}),
  ]);
  return searchAttributeKeys.map(({ name }) => name).filter((name) => !known.has(name));
}

/** @returns false where another process was at it: look again. */
async function register(input: PrepareInput, names: string[]): Promise<boolean> {
  const { client, namespace, log } = input;
  const searchAttributes = Object.fromEntries(names.map((name) => [name, indexedTypeOf(name)]));
  try {
    await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if (findGrpcStatus(error) === grpcStatus.alreadyExists || isPassing(error)) return false;
    throw notPrepared(namespace, names, error);
  }
  log.info({ searchAttributes: names }, 'Registered search attributes');
  return true;
}

/** gRPC UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE: nobody forbade anything. */
const passing: readonly number[] = [2, 4, 8, 10, 13, 14];

function isPassing(error: unknown): boolean {
  const status = findGrpcStatus(error);
  return status === undefined || passing.includes(status);
}

function indexedTypeOf(name: string) {
  const key = searchAttributeKeys.find((candidate) => candidate.name === name);
  return key?.type === SearchAttributeType.DATETIME
    ? IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
    : IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
}

async function raiseRetention(input: PrepareInput): Promise<void> {
  const { client, namespace, log } = input;
  const described = await client.connection.workflowService.describeNamespace({ namespace });
  const seconds = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  if (seconds >= retentionSeconds) return;
  try {
    await client.connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: { seconds: retentionSeconds as never } },
    });
    log.info({ namespace, days: 30 }, 'Raised the retention of closed workflows');
  } catch (error) {
    if (isPassing(error)) throw error;
    throw notPrepared(namespace, [], error);
  }
}

/** Asks for orders by every attribute: the server refuses the question until it can take the attributes. */
async function untilUsable({ client, namespace, sleep }: PrepareInput, giveUpAt: number): Promise<void> {
  const query = searchAttributeKeys.map(({ name }) => `${name} IS NOT NULL`).join(' AND ');
  for (;;) {
    try {
      await client.connection.workflowService.countWorkflowExecutions({ namespace, query });
      return;
    } catch (error) {
      if (findGrpcStatus(error) === undefined || Date.now() > giveUpAt) throw error;
      await sleep(lookEveryMs);
    }
  }
}

function notPrepared(namespace: string, names: string[], error: unknown): NamespaceNotPrepared {
  const why = error instanceof Error ? error.message : String(error);
  const commands = names.map((name) => {
    const key = searchAttributeKeys.find((candidate) => candidate.name === name);
    const type = key?.type === SearchAttributeType.DATETIME ? 'Datetime' : 'Keyword';
    return `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`;
  });
  const retention = `temporal operator namespace update --retention 30d --namespace ${namespace}`;
  return new NamespaceNotPrepared(
    `Failed to prepare the namespace ${namespace}: ${why}. Run, with rights to do so:\n${[...commands, retention].join('\n')}`,
  );
}
