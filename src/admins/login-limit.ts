import { createHash } from 'node:crypto';
import type { MongoClient } from 'mongodb';
import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';

/** Tries of one name from one address, and of one address, within a quarter of an hour. */
const limits = { name: 5, address: 50, withinSeconds: 15 * 60 } as const;

export interface LoginLimit {
  /** Counts a try. @returns the seconds to wait where there were too many, else null. */
  count(input: { name: string; address: string }): Promise<number | null>;
  /** Forgets the tries of a name after it has signed in. */
  forget(input: { name: string; address: string }): Promise<void>;
}

/** Limits guessing of passwords; kept in MongoDB, so that a restart does not help whoever guesses. */
export function createLoginLimit(input: {
  client: MongoClient;
  databaseName: string;
  tries?: { name: number; address: number };
}): LoginLimit {
  const { client, databaseName, tries = limits } = input;
  const limiter = (keyPrefix: string, points: number) =>
    new RateLimiterMongo({
      storeClient: client,
      dbName: databaseName,
      tableName: 'loginTries',
      keyPrefix,
      points,
      duration: limits.withinSeconds,
      // It would ask for a TTL index, which the embedded database lacks; `prepareLoginLimit` makes the other one.
      disableIndexesCreation: true,
    });
  const ofName = limiter('name', tries.name);
  const ofAddress = limiter('address', tries.address);
  // So that the collection holds neither names nor addresses.
  const hashed = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  const nameKey = ({ name, address }: { name: string; address: string }) =>
    hashed(`${name.trim().toLowerCase()} ${address}`);
  return {
    async count(who) {
      const waits = [
        await waitAfter(() => ofAddress.consume(hashed(who.address))),
        await waitAfter(() => ofName.consume(nameKey(who))),
      ].filter((seconds) => seconds !== null);
      return waits.length === 0 ? null : Math.max(...waits);
    },
    async forget(who) {
      await ofName.delete(nameKey(who));
    },
  };
}

/** The limiter refuses by rejecting with its counts; whatever else it rejects with is an error. */
async function waitAfter(consume: () => Promise<RateLimiterRes>): Promise<number | null> {
  try {
    await consume();
    return null;
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return Math.max(1, Math.ceil(thrown.msBeforeNext / 1000));
    throw thrown;
  }
}

/** Makes the unique key that two tries at once need, and forgets the tries that count no more. */
export async function prepareLoginLimit(input: { client: MongoClient; databaseName: string }): Promise<void> {
  const tries = input.client.db(input.databaseName).collection('loginTries');
  await tries.createIndex({ key: 1 }, { unique: true });
  await tries.deleteMany({ expire: { $lt: new Date() } });
}
