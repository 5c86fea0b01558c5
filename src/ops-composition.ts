import type { Client } from '@temporalio/client';
import { MongoServerError } from 'mongodb';
import type { Config } from './config.ts';
import {
  type Collections,
  collectionsOf,
  DatabaseUnavailable,
  openDatabase,
  withDatabase,
} from './database.ts';
import type { SupplierName } from './domain/order.ts';
import { defaultPolicy } from './domain/policy.ts';
import type { PurchaseResolution } from './domain/purchase-resolution.ts';
import { type ImportCounts, importProducts, parseCatalogue } from './orders/import-products.ts';
import { readPolicyFile } from './policy-file.ts';
import { listCases } from './purchases/list-cases.ts';
import { type ForeignImport, importForeignServers, parseForeignServers } from './servers/import-foreign.ts';
import { listServers } from './servers/list-servers.ts';
import type { TenancyState } from './servers/server-document.ts';
import { createTemporalClient } from './temporal/connection.ts';
import { assignServer, strandServer } from './temporal/place-server.ts';
import { resolveCase } from './temporal/resolve-case.ts';

/** MongoDB's code for a login that it does not accept. */
const authenticationFailed = 18;

/** What the operator's command `products import` needs. Takes a catalogue file's JSON; throws one sentence. */
export function composeImport(config: Config<'import'>): (catalogue: unknown) => Promise<ImportCounts> {
  return async (catalogue) => {
    const entries = parseCatalogue(catalogue);
    const { matchPolicy, reserve } =
      config.policyFile === null ? defaultPolicy : await readPolicyFile({ path: config.policyFile });
    return withRows(config, 'import the catalogue', (db) =>
      importProducts({ db, entries, defaults: { matchPolicy, reserve } }),
    );
  };
}

type DatabaseConfig = Pick<Config<'import'>, 'mongodbUri' | 'mongodbDatabase'>;

/** Opens the database for one piece of work. @throws one sentence where it does not answer or refuses us. */
async function withRows<T>(
  config: DatabaseConfig,
  action: string,
  work: (db: Collections) => Promise<T>,
): Promise<T> {
  const { client, db } = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
  try {
    return await withDatabase(() => work(collectionsOf(db)));
  } catch (error) {
    throw explained(error, { action, hosts: hostsOf(config.mongodbUri) });
  } finally {
    await client.close();
  }
}

const now = () => new Date().toISOString();

/** What the operator's commands that read or write records alone need. */
export function composeRecords(config: Config<'import'>) {
  return {
    /** `list` is a file's JSON, or null where it is said that there are no older servers. */
    importForeign: (input: { list: unknown; supplier: SupplierName; by: string }): Promise<ForeignImport> => {
      const { list, supplier, by } = input;
      const addresses = list === null ? [] : parseForeignServers(list);
      return withRows(config, 'import the servers', (db) =>
        importForeignServers({ db, now }, { supplier, addresses, by }),
      );
    },
    listServers: (input: { state: TenancyState | null }) =>
      withRows(config, 'list the servers', (db) => listServers(db, input)),
    listCases: () => withRows(config, 'list the cases', (db) => listCases(db, { now: now() })),
  };
}

/** What the operator's commands that act on orders and servers need: Temporal as well. */
export function composeActs(config: Config<'ops'>) {
  const withClient = async <T>(
    action: string,
    work: (deps: { client: Client; db: Collections }) => Promise<T>,
  ): Promise<T> => {
    const client = createTemporalClient(config.temporal);
    try {
      return await withRows(config, action, (db) => work({ client, db }));
    } finally {
      await client.connection.close();
    }
  };
  return {
    resolveCase: (request: { purchaseId: string; resolution: PurchaseResolution }) =>
      withClient('resolve the case', (deps) => resolveCase(deps, request)),
    strandServer: (request: Parameters<typeof strandServer>[1]) =>
      withClient('strand the server', (deps) => strandServer(deps, request)),
    assignServer: (request: Parameters<typeof assignServer>[1]) =>
      withClient('assign the server', (deps) => assignServer(deps, request)),
  };
}

function explained(error: unknown, { action, hosts }: { action: string; hosts: string }): unknown {
  if (error instanceof DatabaseUnavailable) {
    return new Error(
      `Failed to ${action}: no database answers at ${hosts}. Start it, or correct MONGODB_URI.`,
    );
  }
  if (error instanceof MongoServerError && error.code === authenticationFailed) {
    return new Error(`Failed to ${action}: the database at ${hosts} refuses the login. Correct MONGODB_URI.`);
  }
  return error;
}

/** The hosts of a MongoDB address, without its login. */
function hostsOf(uri: string): string {
  return /^[^:]+:\/\/(?:[^@/]*@)?([^/?]+)/.exec(uri)?.[1] ?? 'its address';
}
