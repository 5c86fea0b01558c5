import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { downloadTemporal } from '../../src/dev/download-temporal.ts';

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'download-temporal-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

function archiveWith(dir: string): Buffer {
  writeFileSync(join(dir, 'temporal'), 'the binary');
  execFileSync('tar', ['-czf', join(dir, 'cli.tar.gz'), '-C', dir, 'temporal']);
  return readFileSync(join(dir, 'cli.tar.gz'));
}

const log = () => {};

test('the pinned version is downloaded once, unpacked and kept', async (t) => {
  const archive = archiveWith(scratch(t));
  const dir = scratch(t);
  const asked: string[] = [];
  const origin = await serve(t, (request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/cli.tar.gz') return response.end(archive);
    const archiveUrl = `http://${request.headers.host}/cli.tar.gz`;
    return response.end(JSON.stringify({ archiveUrl, fileToExtract: 'temporal' }));
  });
  const path = await downloadTemporal({ version: '1.8.2', dir, origin, log });
  assert.equal(readFileSync(path, 'utf8'), 'the binary');
  assert.equal(await downloadTemporal({ version: '1.8.2', dir, origin, log }), path);
  assert.equal(asked.length, 2);
  assert.match(
    asked[0] ?? '',
    /^\/cli\/v1\.8\.2\?arch=(amd64|arm64)&platform=(linux|darwin)&format=tar\.gz$/,
  );
  assert.deepEqual(readdirSync(dir), ['temporal-1.8.2']);
});

test('a refused download says which host and why, and leaves nothing behind', async (t) => {
  const dir = scratch(t);
  const origin = await serve(t, (_request, response) => response.writeHead(503).end());
  await assert.rejects(downloadTemporal({ version: '1.8.2', dir, origin, log }), {
    message: `${new URL(origin).host}: HTTP 503`,
  });
  assert.deepEqual(readdirSync(dir), []);
});
