import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { type Db, MongoClient } from 'mongodb';
import { startEmbeddedStack } from '../../src/dev/embedded-stack.ts';
import { orderSearchAttributes } from '../../src/dev/order-search-attributes.ts';

/** Where a test finds Temporal and the database; `mongodbUri` ends in "/" and names no database. */
export interface TestStack {
  temporalAddress: string;
  /** URL of the Temporal Web UI; null where the run was given a Temporal without saying where its UI is. */
  temporalUi: string | null;
  mongodbUri: string;
}

let shared: Promise<TestStack> | null = null;

/** The stack that `npm test` started; a test file that is run alone gets its own, which ends with the file. */
export function useStack(): Promise<TestStack> {
  shared ??= stackOfThisRun();
  return shared;
}

/**
 * A stack whose Web UI is known, for this whole test file: call it before anything else of the file uses the stack.
 * Where the stack of the run has none (no TEST_TEMPORAL_UI), the file gets its own.
 */
export async function useStackWithUi(): Promise<TestStack & { temporalUi: string }> {
  const given = await useStack();
  if (given.temporalUi !== null) return { ...given, temporalUi: given.temporalUi };
  const own = startOwnStack();
  shared = own;
  return own;
}

async function stackOfThisRun(): Promise<TestStack> {
  const { TEST_TEMPORAL_ADDRESS, TEST_TEMPORAL_UI, TEST_MONGODB_URI } = process.env;
  if (TEST_TEMPORAL_ADDRESS && TEST_MONGODB_URI) {
    const temporalUi = TEST_TEMPORAL_UI || null;
    return { temporalAddress: TEST_TEMPORAL_ADDRESS, temporalUi, mongodbUri: TEST_MONGODB_URI };
  }
  return startOwnStack();
}

async function startOwnStack(): Promise<TestStack & { temporalUi: string }> {
  const stack = await startEmbeddedStack({ searchAttributes: orderSearchAttributes, log: console.error });
  // Not stopped by an after hook: that would run before the hooks of tests that still need it.
  stack.unref();
  return stack;
}

/** A database of the test file's own, with a client that is connected. */
export interface FreshDatabase {
  name: string;
  /** URI with this database's name. */
  uri: string;
  client: MongoClient;
  db: Db;
}

/** Makes a database that no other test has; after the tests of the file it is dropped and its client closed. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { mongodbUri } = await useStack();
  const name = `test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const client = await MongoClient.connect(mongodbUri, { writeConcern: { w: 'majority' } });
  const db = client.db(name);
  after(async () => {
    await db.dropDatabase();
    await client.close();
  });
  const uri = new URL(mongodbUri);
  uri.pathname = `/${name}`;
  return { name, uri: uri.href, client, db };
}
