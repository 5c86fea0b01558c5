import { type Client, isGrpcServiceError } from '@temporalio/client';
import { SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import proto from '@temporalio/proto';
import {
  orderStatusKey,
  searchAttributeKeys,
  statusSinceKey,
} from '../../workflows/contract/search-attributes.ts';

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
 * attributes are usable: an unregistered one lets workflow tasks fail silently for ever. Safe to repeat.
 * @throws NamespaceNotPrepared where the server does not let us (Temporal Cloud), with the commands to run.
 */
export async function prepareNamespace(input: PrepareInput): Promise<void> {
  const missing = await findMissing(input);
  if (missing.length > 0) await register(input, missing);
  await raiseRetention(input);
  if (missing.length > 0) await untilUsable(input);
}

async function findMissing({ client, namespace }: PrepareInput): Promise<string[]> {
  const listed = await client.connection.operatorService.listSearchAttributes({ namespace });
  const known = new Set([
    ...Object.keys(listed.customAttributes ?? {}),
    ...Object.keys(listed.systemAttributes ?? {}),
  ]);
  return searchAttributeKeys.map(({ name }) => name).filter((name) => !known.has(name));
}

async function register(input: PrepareInput, names: string[]): Promise<void> {
  const { client, namespace, log } = input;
  const searchAttributes = Object.fromEntries(names.map((name) => [name, indexedTypeOf(name)]));
  try {
    await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    log.info({ searchAttributes: names }, 'Registered search attributes');
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === alreadyExists) return;
    throw notPrepared(namespace, names, error);
  }
}

/** gRPC status ALREADY_EXISTS: another process was first. */
const alreadyExists = 6;

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
    throw notPrepared(namespace, [], error);
  }
}

/** Starts and terminates a run that nobody serves: the server refuses it until the attributes are usable. */
async function untilUsable(input: PrepareInput): Promise<void> {
  const giveUpAt = Date.now() + usableWithinMs;
  for (;;) {
    try {
      const handle = await input.client.workflow.start('namespaceProbe', {
        workflowId: 'namespace-probe',
        taskQueue: 'namespace-probe',
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes: new TypedSearchAttributes([
          { key: orderStatusKey, value: 'probe' },
          { key: statusSinceKey, value: new Date() },
        ]),
      });
      await handle.terminate('The search attributes are usable.');
      return;
    } catch (error) {
      if (!isGrpcServiceError(error) || Date.now() > giveUpAt) throw error;
      await input.sleep(lookEveryMs);
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
