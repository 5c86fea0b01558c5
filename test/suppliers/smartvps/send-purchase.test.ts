import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { RawPurchaseReply } from '../../../src/domain/purchase-reply.ts';
import { purchaseTimeoutMs } from '../../../src/suppliers/smartvps/smartvps-client.ts';
import { basicValue, createClient, login, sendText, startScriptedSupplier } from './scripted-supplier.ts';

const request = { packageName: '103.181.91', ramGb: 8 };
const sold = 'success|Congratulations! Your VPS order has been placed. Your ip is: 103.181.91.51';

function assertNothingSecret(value: unknown) {
  const shown = `${inspect(value, { depth: 20, showHidden: true })} ${JSON.stringify(value)}`;
  for (const part of [
    login.password,
    JSON.stringify(login.password).slice(1, -1),
    basicValue,
    login.username,
  ]) {
    assert.ok(!shown.includes(part), `${part} in ${shown}`);
  }
}

test('a purchase is one POST with Basic login, the package and the memory as text', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(sold));
  const client = createClient(t, supplier);
  const reply = await client.sendPurchase(request);
  assert.deepEqual(reply, {
    kind: 'answer',
    httpStatus: 200,
    body: sold,
    receivedAt: '2026-11-21T10:00:00.000Z',
  });
  assert.deepEqual(client.interpretPurchaseReply(reply), { kind: 'bought', ip: '103.181.91.51' });
  assert.equal(supplier.seen.length, 1);
  const [seen] = supplier.seen;
  assert.equal(seen?.method, 'POST');
  assert.equal(seen?.url, '/smartvps/api/oceansmart/buyvps');
  assert.equal(seen?.headers.authorization, `Basic ${basicValue}`);
  assert.equal(seen?.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(seen?.body ?? ''), { ip: '103.181.91', ram: '8' });
});

test('each purchase has a connection of its own', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(sold));
  const client = createClient(t, supplier);
  await client.sendPurchase(request);
  await client.sendPurchase(request);
  assert.equal(supplier.countConnections(), 2);
});

test('a reply that never comes is no answer once the limit has passed, and is asked for once', async (t) => {
  const supplier = await startScriptedSupplier(t, () => undefined);
  const reply = await createClient(t, { ...supplier, longestPurchaseMs: 400 }).sendPurchase(request);
  assert.deepEqual(reply, { kind: 'noAnswer', why: 'no full answer came within 0.36 s' });
  assert.equal(supplier.seen.length, 1);
});

test('a reply that drips in is cut at the same limit', async (t) => {
  const supplier = await startScriptedSupplier(t, (response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write('s'), 20);
    response.on('close', () => clearInterval(drip));
  });
  const reply = await createClient(t, { ...supplier, longestPurchaseMs: 500 }).sendPurchase(request);
  assert.deepEqual(reply, { kind: 'noAnswer', why: 'no full answer came within 0.45 s' });
  assert.equal(supplier.seen.length, 1);
});

test('the limit may be given with the purchase', async (t) => {
  const supplier = await startScriptedSupplier(t, () => undefined);
  const reply = await createClient(t, supplier).sendPurchase({ ...request, longestPurchaseMs: 300 });
  assert.deepEqual(reply, { kind: 'noAnswer', why: 'no full answer came within 0.27 s' });
});

test('a connection that breaks before or within the reply is no answer and is not tried again', async (t) => {
  const stages: ((response: Parameters<Parameters<typeof startScriptedSupplier>[1]>[0]) => void)[] = [
    (response) => response.socket?.destroy(),
    (response) => response.socket?.resetAndDestroy(),
    (response) => {
      response.writeHead(200, { 'content-length': '100' }).write(sold.slice(0, 20));
      setTimeout(() => response.socket?.resetAndDestroy(), 30);
    },
    (response) => {
      response.writeHead(404).write('x');
      setTimeout(() => response.socket?.destroy(), 30);
    },
  ];
  for (const stage of stages) {
    const supplier = await startScriptedSupplier(t, stage);
    const reply = await createClient(t, supplier).sendPurchase(request);
    assert.deepEqual(reply, { kind: 'noAnswer', why: 'the connection broke' });
    assert.equal(supplier.seen.length, 1);
    assert.equal(supplier.countConnections(), 1);
  }
});

test('a refused connection is proved not to have been sent', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  const reply = await createClient(t, { baseUrl: `http://127.0.0.1:${port}` }).sendPurchase(request);
  assert.deepEqual(reply, { kind: 'notSent', why: 'the connection was refused' });
});

test('a failed TLS handshake is proved not to have been sent', async (t) => {
  let received = '';
  const plain = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      received += data.toString('latin1');
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  t.after(() => plain.close());
  const { port } = plain.address() as AddressInfo;
  const reply = await createClient(t, { baseUrl: `https://127.0.0.1:${port}` }).sendPurchase(request);
  assert.equal(reply.kind, 'notSent');
  assert.ok(received.length > 0 && !received.includes('buyvps'));
});

test('a host name that does not exist is proved not to have been sent', async (t) => {
  const reply = await createClient(t, { baseUrl: 'http://supplier.invalid' }).sendPurchase(request);
  assert.equal(reply.kind, 'notSent');
  assert.match(
    reply.kind === 'notSent' ? reply.why : '',
    /^the host name (was not found|could not be looked up)$/,
  );
});

test('a purchase cancelled before it starts is not sent, one cancelled later is no answer', async (t) => {
  const asked = Promise.withResolvers<void>();
  const supplier = await startScriptedSupplier(t, () => asked.resolve());
  const client = createClient(t, supplier);
  const early = await client.sendPurchase(request, { signal: AbortSignal.abort() });
  assert.deepEqual(early, { kind: 'notSent', why: 'the call was cancelled' });
  assert.equal(supplier.countConnections(), 0);
  const cancel = new AbortController();
  const late = client.sendPurchase(request, { signal: cancel.signal });
  await asked.promise;
  cancel.abort(new Error(`with ${login.password}`));
  assert.deepEqual(await late, { kind: 'noAnswer', why: 'the call was cancelled' });
});

test('a redirect is an answer that is not followed and proves nothing', async (t) => {
  const supplier = await startScriptedSupplier(t, (response) =>
    response.writeHead(307, { location: '/smartvps/api/oceansmart/buyvps' }).end(),
  );
  const client = createClient(t, supplier);
  const reply = await client.sendPurchase(request);
  assert.equal(reply.kind === 'answer' && reply.httpStatus, 307);
  assert.equal(supplier.seen.length, 1);
  assert.deepEqual(client.interpretPurchaseReply(reply), {
    kind: 'unknown',
    why: 'SmartVPS answered with HTTP status 307',
  });
});

test('a reply above 1 MB is no answer', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(sold + ' '.repeat(1024 * 1024)));
  const reply = await createClient(t, supplier).sendPurchase(request);
  assert.deepEqual(reply, { kind: 'noAnswer', why: 'the answer is larger than 1 MB' });
});

test('a long reply is stored cut short, and what was cut off makes its outcome unknown', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(`${sold} ${'.'.repeat(5000)} 103.181.91.52`));
  const client = createClient(t, supplier);
  const reply = await client.sendPurchase(request);
  assert.ok(reply.kind === 'answer' && reply.body.length < 4200 && reply.body.startsWith(sold));
  assert.equal(client.interpretPurchaseReply(reply).kind, 'unknown');
});

test('what does not speak HTTP is no answer', async (t) => {
  const odd = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
  }).listen(0, '127.0.0.1');
  await once(odd, 'listening');
  t.after(() => odd.close());
  const { port } = odd.address() as AddressInfo;
  const reply = await createClient(t, { baseUrl: `http://127.0.0.1:${port}` }).sendPurchase(request);
  assert.deepEqual(reply, { kind: 'noAnswer', why: 'the answer is not HTTP' });
});

test('no reply that is stored holds our login or what is labelled as a secret', async (t) => {
  const echo = JSON.stringify({
    user: login.username,
    got: `Basic ${basicValue}`,
    pass: login.password,
    Token: 'tk1 2',
  });
  const texts = [echo, JSON.stringify(echo), JSON.stringify(JSON.stringify(echo))];
  texts.push(`error|login ${login.username}:${login.password} failed, Authorization: Basic ${basicValue}`);
  for (const text of texts) {
    const supplier = await startScriptedSupplier(t, sendText(text));
    const reply = await createClient(t, supplier).sendPurchase(request);
    assert.ok(reply.kind === 'answer' && reply.body.includes('[removed]'));
    assertNothingSecret(reply);
    assert.ok(!reply.body.includes('tk1'), reply.body);
  }
});

test('a login of single letters changes neither verdict nor address', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(sold));
  for (const [username, password] of [
    ['u', 'p'],
    ['success', '1'],
    ['103', '51'],
    ['vps', 'ip'],
  ] as const) {
    const client = createClient(t, { ...supplier, username, password });
    assert.deepEqual(client.interpretPurchaseReply(await client.sendPurchase(request)), {
      kind: 'bought',
      ip: '103.181.91.51',
    });
  }
});

test('the client and its replies show no secret when inspected', async (t) => {
  const supplier = await startScriptedSupplier(t, (response) => response.socket?.destroy());
  const client = createClient(t, supplier);
  const replies: RawPurchaseReply[] = [await client.sendPurchase(request)];
  assertNothingSecret({ client, replies });
});

test('the limit is 20 s below the longest purchase and at least nine tenths of it', () => {
  assert.equal(purchaseTimeoutMs(240_000), 220_000);
  assert.equal(purchaseTimeoutMs(200_000), 180_000);
  assert.equal(purchaseTimeoutMs(60_000), 54_000);
  assert.equal(purchaseTimeoutMs(1_000), 900);
});

test('an address of the supplier that holds a login or is none is refused without repeating it', (t) => {
  for (const baseUrl of ['http://me:hunter22@127.0.0.1', 'hunter22', 'ftp://hunter22']) {
    assert.throws(
      () => createClient(t, { baseUrl }),
      (error) =>
        error instanceof Error &&
        /SMARTVPS_BASE_URL/.test(error.message) &&
        !inspect(error).includes('hunter22@'),
    );
  }
});
