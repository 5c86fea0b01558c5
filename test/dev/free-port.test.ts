import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from '../../src/dev/free-port.ts';

test('a preferred port that is taken is replaced by a free one, and that is said', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const said: string[] = [];
  const port = await freePort({ preferred: address.port, part: 'the API', log: (line) => said.push(line) });
  assert.notEqual(port, address.port);
  assert.deepEqual(said, [`Port ${address.port} is taken; the API listens on ${port} instead.`]);
});

test('a preferred port that is free is taken without a word', async () => {
  const said: string[] = [];
  const log = (line: string) => said.push(line);
  const preferred = await freePort({ part: 'the API', log });
  assert.equal(await freePort({ preferred, part: 'the API', log }), preferred);
  assert.deepEqual(said, []);
});
