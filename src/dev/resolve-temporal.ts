import { binaryOnPath, versionOf } from './binary-on-path.ts';
import { downloadTemporal } from './download-temporal.ts';
import { messageOf, StackError } from './stack-error.ts';
import { builtTool, cacheDir, findBuiltTool, pinnedTemporalVersion } from './tool-cache.ts';
import { toolSteps } from './tool-step.ts';

type Log = (line: string) => void;

const minimum = [1, 5] as const;

/** The path of a Temporal CLI: on PATH, downloaded, or built from tools/temporal. Throws StackError with every way
 * that failed and the ways out. */
export async function resolveTemporal({ log }: { log: Log }): Promise<string> {
  const failures: string[] = [];
  for (const step of toolSteps()) {
    try {
      const path = await tryStep[step](log);
      if (path !== null) return path;
      if (step === 'path') failures.push(`no "temporal" of at least version ${minimum.join('.')} on PATH`);
    } catch (thrown) {
      failures.push(messageOf(thrown));
      if (step === 'download') log(`No download of Temporal (${messageOf(thrown)}).`);
    }
  }
  throw new StackError(
    `Failed to get a Temporal dev server: ${failures.join('; ')}. Install Go 1.26 or newer (https://go.dev/dl), ` +
      'or put the Temporal CLI on PATH (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.',
  );
}

const tryStep = {
  path: (log: Log) => binaryOnPath({ name: 'temporal', minimum, log }),
  built: () => findBuiltTool({ tool: 'temporal' }),
  build: (log: Log) => builtTool({ tool: 'temporal', log }),
  async download(log: Log) {
    const path = await downloadTemporal({ version: pinnedTemporalVersion(), dir: cacheDir(), log });
    if ((await versionOf(path)) === null) throw new Error(`the downloaded ${path} does not run here`);
    return path;
  },
};
