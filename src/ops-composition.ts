import { MongoServerError } from 'mongodb';
import type { Config } from './config.ts';
import { collectionsOf, DatabaseUnavailable, openDatabase, withDatabase } from './database.ts';
import { defaultPolicy } from './domain/policy.ts';
import { type ImportCounts, importProducts, parseCatalogue } from './orders/import-products.ts';
import { readPolicyFile } from './policy-file.ts';

/** MongoDB's code for a login that it does not accept. */
const authenticationFailed = 18;

/** What the operator's command `products import` needs. Takes a catalogue file's JSON; throws one sentence. */
export function composeImport(config: Config<'import'>): (catalogue: unknown) => Promise<ImportCounts> {
  return async (catalogue) => {
    const entries = parseCatalogue(catalogue);
    const { matchPolicy, reserve } =
      config.policyFile === null ? defaultPolicy : await readPolicyFile({ path: config.policyFile });
    const { client, db } = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
    try {
      const rows = collectionsOf(db);
      return await withDatabase(() =>
        importProducts({ db: rows, entries, defaults: { matchPolicy, reserve } }),
      );
    } catch (error) {
      throw explained(error, hostsOf(config.mongodbUri));
    } finally {
      await client.close();
    }
  };
}

function explained(error: unknown, hosts: string): unknown {
  if (error instanceof DatabaseUnavailable) {
    return new Error(
      `Failed to import the catalogue: no database answers at ${hosts}. Start it, or correct MONGODB_URI.`,
    );
  }
  if (error instanceof MongoServerError && error.code === authenticationFailed) {
    return new Error(
      `Failed to import the catalogue: the database at ${hosts} refuses the login. Correct MONGODB_URI.`,
    );
  }
  return error;
}

/** The hosts of a MongoDB address, without its login. */
function hostsOf(uri: string): string {
  return /^[^:]+:\/\/(?:[^@/]*@)?([^/?]+)/.exec(uri)?.[1] ?? 'its address';
}
