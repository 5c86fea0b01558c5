import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoClient } from 'mongodb';
import { createSessionStore } from '../../src/admins/session-store.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { problemOf } from '../../src/http/problem.ts';

test('a database that is away is a 503 for whoever has a session too', async (t) => {
  const client = new MongoClient(
    `mongodb://127.0.0.1:${await freePort({ part: 'nothing', log: () => undefined })}`,
    {
      serverSelectionTimeoutMS: 100,
    },
  );
  t.after(() => client.close());
  const store = createSessionStore({ client, databaseName: 'test_sessions', idleMs: 60_000 });
  const error = await new Promise((resolve) => store.get('a-session', resolve));
  assert.equal(problemOf(error).status, 503);
});
