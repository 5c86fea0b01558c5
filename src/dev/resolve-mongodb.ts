import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryOnPath, versionOf } from './binary-on-path.ts';
import { runCommand } from './child-process.ts';
import { messageOf, StackError } from './stack-error.ts';
import { builtTool, cacheDir, findBuiltTool } from './tool-cache.ts';
import { type ToolStep, toolSteps } from './tool-step.ts';

type Log = (line: string) => void;

/** Which server speaks the MongoDB protocol; their files are not interchangeable. */
export type DatabaseKind = 'mongod' | 'ferretdb';

const minimum = [7, 0] as const;
/** The default of mongodb-memory-server-core 11.3.0, so surely one that it knows how to download. */
const mongodVersion = '8.2.6';
const downloadLimitMs = 15 * 60_000;
const downloader = fileURLToPath(new URL('./download-mongod.ts', import.meta.url));

/** A database server: `mongod` from PATH or downloaded, else FerretDB built from tools/ferretdb. `keep` is the kind
 * that earlier files were written by. Throws StackError with every way that failed and the ways out. */
export async function resolveMongodb(wish: {
  keep: DatabaseKind | null;
  log: Log;
}): Promise<{ kind: DatabaseKind; path: string }> {
  const failures: string[] = [];
  for (const step of toolSteps().filter((name) => wish.keep === null || kindOf(name) === wish.keep)) {
    try {
      const path = await tryStep[step](wish.log);
      if (path !== null) return { kind: kindOf(step), path };
      if (step === 'path') failures.push(`no "mongod" of at least version ${minimum.join('.')} on PATH`);
    } catch (thrown) {
      failures.push(messageOf(thrown));
      if (step === 'download') wish.log(`No download of MongoDB (${messageOf(thrown)}).`);
    }
  }
  if (wish.keep !== null)
    failures.push(`the data folder was written by ${wish.keep}, so nothing else can read it`);
  throw new StackError(
    `Failed to get a database server: ${failures.join('; ')}. Install Go 1.26 or newer (https://go.dev/dl), ` +
      'or put mongod 7 or newer on PATH (https://www.mongodb.com/docs/manual/installation), ' +
      'or set MONGODB_URI to a running server.',
  );
}

function kindOf(step: ToolStep): DatabaseKind {
  return step === 'built' || step === 'build' ? 'ferretdb' : 'mongod';
}

const tryStep = {
  path: (log: Log) => binaryOnPath({ name: 'mongod', minimum, log }),
  built: () => findBuiltTool({ tool: 'ferretdb' }),
  build: (log: Log) => builtTool({ tool: 'ferretdb', log }),
  async download(log: Log) {
    const result = await runCommand({
      command: process.execPath,
      args: [downloader, mongodVersion, join(cacheDir(), 'mongodb')],
      // Without this the library checks no certificate.
      env: { ...process.env, npm_config_strict_ssl: 'true' },
      timeoutMs: downloadLimitMs,
      onLine: (line) => {
        if (line.startsWith('Downloading')) log(line);
      },
    });
    if (result.code !== 0) throw new Error(reasonOf(result.stderr));
    const path = result.stdout.trim().split('\n').at(-1) ?? '';
    if ((await versionOf(path)) === null) throw new Error(`the downloaded ${path} does not run here`);
    return path;
  },
};

function reasonOf(stderr: string): string {
  return /^\w*Error: (.+)$/m.exec(stderr)?.[1] ?? 'the download did not end';
}
