import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GuardedProcess } from '../../src/dev/child-process.ts';
import { startMongodb } from '../../src/dev/embedded-mongodb.ts';
import { startTemporal } from '../../src/dev/embedded-temporal.ts';
import { orderSearchAttributes } from '../../src/dev/order-search-attributes.ts';
import { killProcess } from '../support/kill-process.ts';
import { useStack } from '../support/stack.ts';

/** Temporal and the database of a crash matrix. */
export interface CrashStack {
  temporalAddress: string;
  /** Ends in "/" and names no database. */
  mongodbUri: string;
  /** By SIGKILL. */
  kill(part: StackPart): Promise<void>;
  /** On the same port, with the same files. */
  restart(part: StackPart): Promise<void>;
  stop(): Promise<void>;
}

export type StackPart = 'temporal' | 'database';

/** The stack that all test files share: nothing of it may be killed. */
export async function sharedCrashStack(): Promise<CrashStack> {
  const refuse = async () => {
    throw new Error('The shared stack belongs to other tests too.');
  };
  return { ...(await useStack()), kill: refuse, restart: refuse, stop: async () => undefined };
}

/** A stack of its own that keeps its files over kills. */
export async function ownCrashStack(): Promise<CrashStack> {
  const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-crash-'));
  const starts = {
    temporal: (port: number) => startOwnTemporal(dir, port),
    database: (port: number) => startOwnDatabase(dir, port),
  };
  const [temporal, database] = await Promise.all([starts.temporal(0), starts.database(0)]);
  const running: Record<StackPart, { process: GuardedProcess; address: string }> = { temporal, database };
  return {
    temporalAddress: temporal.address,
    mongodbUri: `mongodb://${database.address}/`,
    kill: (part) => killProcess({ process: running[part].process, signal: 'SIGKILL' }),
    async restart(part) {
      const { address } = running[part];
      const again = await starts[part](Number(new URL(`tcp://${address}`).port));
      running[part] = again;
      if (again.address !== address) throw new Error(`The port of ${part} was taken meanwhile.`);
    },
    async stop() {
      await Promise.all(Object.values(running).map((part) => part.process.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startOwnTemporal(dir: string, port: number) {
  const { process, address } = await startTemporal({
    file: join(dir, 'temporal.db'),
    ports: { temporal: port },
    searchAttributes: orderSearchAttributes,
    log: () => undefined,
  });
  return { process, address };
}

async function startOwnDatabase(dir: string, port: number) {
  const { process, uri } = await startMongodb({
    folder: { writtenBy: null, databaseDir: (kind) => join(dir, kind) },
    port,
    log: () => undefined,
  });
  return { process, address: new URL(uri).host };
}
