import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { type Db, MongoClient } from 'mongodb';
import { startEmbeddedStack } from '../../src/dev/embedded-stack.ts';
import { orderSearchAttributes } from '../../src/dev/order-search-attributes.ts';

/** Where a test finds Temporal and the database; `mongodbUri` ends in "/" and names no database. */
export interface TestStack {
  temporalAddress: string;
  mongodbUri: string;
}

let shared: Promise<TestStack> | null = null;

/** The stack that `npm test` started; a test file that is run alone gets its own, which ends with the file. */
export function useStack(): Promise<TestStack> {
  shared ??= stackOfThisRun();
  return shared;
}

async function stackOfThisRun(): Promise<TestStack> {
  const { TEST_TEMPORAL_ADDRESS, TEST_MONGODB_URI } = process.env;
  if (TEST_TEMPORAL_ADDRESS && TEST_MONGODB_URI) {
    return { temporalAddress: TEST_TEMPORAL_ADDRESS, mongodbUri: TEST_MONGODB_URI };
  }
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
