import MongoStore from 'connect-mongo';
import type { MongoClient } from 'mongodb';

/** Writing "still there" once a minute is exact enough for a limit of half an hour. */
const touchAfterSeconds = 60;

interface SessionPlace {
  client: MongoClient;
  databaseName: string;
}

/** Sessions in the collection `sessions`: they survive restarts, and serve several API processes. */
export function createSessionStore({ client, databaseName, idleMs }: SessionPlace & { idleMs: number }) {
  return MongoStore.create({
    client,
    dbName: databaseName,
    collectionName: 'sessions',
    stringify: false,
    ttl: Math.ceil(idleMs / 1000),
    touchAfter: touchAfterSeconds,
    // By itself it would make a TTL index or write without acknowledgement; the embedded database has neither.
    autoRemove: 'disabled',
  });
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
