import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { canConnect } from './can-connect.ts';
import type { GuardedProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { type DatabaseKind, resolveMongodb } from './resolve-mongodb.ts';
import { startPart } from './start-part.ts';

type Log = (line: string) => void;

const pingLimitMs = 2_000;

/** Where the database keeps its files; null for a folder of its own that is deleted at the end. */
export interface DatabaseFolder {
  writtenBy: DatabaseKind | null;
  databaseDir(kind: DatabaseKind): string;
}

/** Starts a database that speaks the MongoDB protocol. */
export async function startMongodb(wish: {
  folder: DatabaseFolder | null;
  port?: number | undefined;
  log: Log;
}): Promise<{ process: GuardedProcess; uri: string }> {
  const { folder, log } = wish;
  const { kind, path } = await resolveMongodb({ keep: folder?.writtenBy ?? null, log });
  const { process, attempt } = await startPart({
    name: 'the database',
    async prepare() {
      const dir = folder === null ? throwAwayDir() : folder.databaseDir(kind);
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const port = await freePort({ preferred: wish.port, part: 'the database', log });
      const address = `127.0.0.1:${port}`;
      const args = serverArguments(kind, dir, port);
      const removeAtEnd = folder === null ? dir : undefined;
      return { command: path, args, removeAtEnd, address, isReady: () => isServing(address) };
    },
  });
  return { process, uri: `mongodb://${attempt.address}/` };
}

function throwAwayDir(): string {
  return mkdtempSync(join(tmpdir(), 'harbourmaster-'));
}

function serverArguments(kind: DatabaseKind, dir: string, port: number): string[] {
  return kind === 'mongod'
    ? ['--dbpath', dir, '--port', String(port), '--bind_ip', '127.0.0.1', '--quiet']
    : ['--dir', dir, '--addr', `127.0.0.1:${port}`];
}

async function isServing(address: string): Promise<boolean> {
  if (!(await canConnect({ address }))) return false;
  const client = new MongoClient(`mongodb://${address}/`, { serverSelectionTimeoutMS: pingLimitMs });
  try {
    await client.db('admin').command({ ping: 1 });
    return true;
  } finally {
    await client.close();
  }
}
