import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { MongoClient } from 'mongodb';
import { DatabaseUnavailable, onceReached, openDatabase, withDatabase } from '../src/database.ts';
import { eventually } from './support/eventually.ts';
import { useStack } from './support/stack.ts';
import { startTcpProxy } from './support/tcp-proxy.ts';

interface Connection {
  socket: Socket;
}
interface Server {
  monitor: {
    connection: Connection | null;
    requestCheck(): void;
    s: { state: string };
    monitorId: { toJSON(): { timeSinceLastCall: number } };
  };
}

function onlyServerOf(client: MongoClient): Server {
  const { topology } = client as unknown as { topology: { s: { servers: Map<string, Server> } } };
  const [server] = topology.s.servers.values();
  assert.ok(server);
  return server;
}

test('a check of the database that meets a socket in the moment of its end does not blind the process', async (t) => {
  const wire = await startTcpProxy({ target: new URL((await useStack()).mongodbUri).host });
  t.after(() => wire.stop());
  const { client, db } = openDatabase({ uri: `mongodb://${wire.address}/`, name: 'test_driver' });
  t.after(() => client.close());
  await db.command({ ping: 1 });
  const { monitor } = onlyServerOf(client);
  // Checks are at least half a second apart; one that is asked for sooner begins later.
  await eventually({
    what: 'a rest of the monitor',
    read: async () => (monitor.connection ? monitor.monitorId.toJSON().timeSinceLastCall : 0),
    isRight: (restMs) => restMs > 600,
    withinMs: 90_000,
  });
  assert.equal(monitor.s.state, 'idle');
  monitor.connection?.socket.destroy();
  monitor.requestCheck();
  assert.equal(monitor.s.state, 'monitoring', 'a check began on a socket that is destroyed and not closed');
  // What is under way when the connection breaks makes the driver forget the server until its monitor has seen it again.
  const [asked] = await Promise.allSettled([db.command({ ping: 1 }), wire.cut()]);
  assert.equal(asked.status, 'rejected');
  await wire.mend();
  await eventually({
    what: 'an answer of the database',
    read: () => db.command({ ping: 1 }).catch((error: Error) => ({ ok: error.message })),
    isRight: ({ ok }) => ok === 1,
    withinMs: 90_000,
  });
});

test('a process that starts while the database is away finds it once it is there', async (t) => {
  const wire = await startTcpProxy({ target: new URL((await useStack()).mongodbUri).host });
  t.after(() => wire.stop());
  await wire.cut();
  const { client, db } = openDatabase({ uri: `mongodb://${wire.address}/`, name: 'test_driver' });
  t.after(() => client.close());
  const ask = () => withDatabase(() => db.command({ ping: 1 }));
  for (const _ of [1, 2]) {
    const asked = await Promise.allSettled([ask(), ask()]);
    for (const one of asked) {
      assert.equal(one.status, 'rejected');
      assert.ok(one.reason instanceof DatabaseUnavailable, String(one.reason));
    }
  }
  await wire.mend();
  await eventually({
    what: 'an answer of the database',
    read: () => ask().catch((error: Error) => ({ ok: error.message })),
    isRight: ({ ok }) => ok === 1,
    withinMs: 90_000,
  });
});

test('what is prepared at the start is prepared once the database is there; another error is told', async () => {
  const troubles: Error[] = [1, 2].map(() => new DatabaseUnavailable('away'));
  let tries = 0;
  const prepare = async () => {
    tries += 1;
    const trouble = troubles.shift();
    if (trouble) throw trouble;
  };
  await onceReached(prepare, async () => undefined);
  assert.equal(tries, 3);
  troubles.push(new Error('an index conflicts'));
  await assert.rejects(
    onceReached(prepare, async () => undefined),
    /an index conflicts/,
  );
});
