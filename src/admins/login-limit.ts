import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { MongoClient } from 'mongodb';
import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';

/** Tries of one name from one address, of one address, and of one name from anywhere, within a quarter of an hour. */
const limits = { name: 5, address: 50, anywhere: 30, withinSeconds: 15 * 60 } as const;

export interface LoginLimit {
  /** Counts a try. @returns the seconds to wait where there were too many, else null. */
  count(input: { name: string; address: string }): Promise<number | null>;
  /** Forgets the tries of a name from an address after it has signed in; from anywhere, only the one that was right. */
  forget(input: { name: string; address: string }): Promise<void>;
}

/** Limits guessing of passwords; kept in MongoDB, so that a restart does not help whoever guesses. */
export function createLoginLimit(input: {
  client: MongoClient;
  databaseName: string;
  tries?: { name: number; address: number; anywhere: number };
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
  const ofAnywhere = limiter('anywhere', tries.anywhere);
  // So that the collection holds neither names nor addresses.
  const hashed = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  const anywhereKey = ({ name }: { name: string }) => hashed(name.trim().toLowerCase());
  const addressKey = ({ address }: { address: string }) => hashed(networkOf(address));
  const nameKey = ({ name, address }: { name: string; address: string }) =>
    hashed(`${name.trim().toLowerCase()} ${networkOf(address)}`);
  return {
    async count(who) {
      const waits = [
        await waitAfter(() => ofAddress.consume(addressKey(who))),
        await waitAfter(() => ofName.consume(nameKey(who))),
        await waitAfter(() => ofAnywhere.consume(anywhereKey(who))),
      ].filter((seconds) => seconds !== null);
      return waits.length === 0 ? null : Math.max(...waits);
    },
    async forget(who) {
      await ofName.delete(nameKey(who));
      await ofAnywhere.reward(anywhereKey(who), 1);
    },
  };
}

/** What one line has: an IPv4 address, or the first 64 bits of an IPv6 one, of which everybody has many. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const groupsOf = (part = '') => part.split(':').filter((group) => group !== '');
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros: string[] = tail === undefined ? [] : Array(8 - first.length - last.length).fill('0');
  const network = [...first, ...zeros, ...last].slice(0, 4);
  return `${network.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
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
