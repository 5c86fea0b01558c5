import MongoStore from 'connect-mongo';
import type { MongoClient } from 'mongodb';
import { asUnavailable } from '../database.ts';

/** Writing "still there" once a minute is exact enough for a limit of half an hour. */
const touchAfterSeconds = 60;

interface SessionPlace {
  client: MongoClient;
  databaseName: string;
}

/** Sessions in the collection `sessions`: they survive restarts, and serve several API processes. */
export function createSessionStore({ client, databaseName, idleMs }: SessionPlace & { idleMs: number }) {
  const store = MongoStore.create({
    client,
    dbName: databaseName,
    collectionName: 'sessions',
    stringify: false,
    ttl: Math.ceil(idleMs / 1000),
    touchAfter: touchAfterSeconds,
    // By itself it would make a TTL index or write without acknowledgement; the embedded database has neither.
    autoRemove: 'disabled',
  });
  return explained(store);
}

const storeCalls = ['get', 'set', 'touch', 'destroy'] as const;

/** An unreachable database is told by the store as by every other call: whoever is signed in is then answered 503. */
function explained(store: MongoStore): MongoStore {
  for (const name of storeCalls) {
    const call = store[name].bind(store) as (...given: unknown[]) => unknown;
    const explain = (...given: unknown[]) => {
      const done = given.at(-1);
      if (typeof done !== 'function') return call(...given);
      const tell = (error: unknown, ...answer: unknown[]) => done(asUnavailable(error), ...answer);
      return call(...given.slice(0, -1), tell);
    };
    Object.assign(store, { [name]: explain });
  }
  return store;
}

/** Ends the sessions of an admin who was removed, or whose password was changed. */
export async function endSessionsOf({ client, databaseName, name }: SessionPlace & { name: string }) {
  await client.db(databaseName).collection('sessions').deleteMany({ 'session.admin': name });
}

/** Forgets sessions that nobody used for too long; the store lets none of them in before. */
export async function forgetOldSessions({ client, databaseName }: SessionPlace): Promise<void> {
  await client
    .db(databaseName)
    .collection('sessions')
    .deleteMany({ expires: { $lt: new Date() } });
}
