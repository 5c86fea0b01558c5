import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryLockFile } from '../../src/dev/lock-file.ts';

function lockPath(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'lock-file-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'stack.lock');
}

function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

test('a lock is held by one, told by its pid, and free after its release', (t) => {
  const path = lockPath(t);
  const first = tryLockFile({ path });
  assert.ok('lock' in first);
  assert.deepEqual(tryLockFile({ path }), { heldBy: process.pid, isEnding: false });
  first.lock.release();
  assert.equal(existsSync(path), false);
});

test('the lock of a dead process is taken over', (t) => {
  const path = lockPath(t);
  writeFileSync(path, `${deadPid()}\n`);
  const attempt = tryLockFile({ path });
  assert.ok('lock' in attempt);
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  attempt.lock.release();
});

test('a dead process still holds its lock while something that it started lives', (t) => {
  const path = lockPath(t);
  writeFileSync(path, `${deadPid()}\n${process.pid}\n`);
  assert.deepEqual(tryLockFile({ path }), { heldBy: process.pid, isEnding: true });
});

test('a lock that nobody freshened for over a minute is taken over, whoever has its pid now', (t) => {
  const path = lockPath(t);
  writeFileSync(path, `${process.pid}\n`);
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(path, longAgo, longAgo);
  const attempt = tryLockFile({ path });
  assert.ok('lock' in attempt);
  attempt.lock.release();
});
