import { Connection } from '@temporalio/client';
import { canConnect } from './can-connect.ts';
import type { GuardedProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { resolveTemporal } from './resolve-temporal.ts';
import { startPart } from './start-part.ts';

type Log = (line: string) => void;

/** The two types of search attribute that the service uses. */
export type SearchAttributes = Readonly<Record<string, 'Keyword' | 'Datetime'>>;

/** Task queues of the dev server are read at most so often a second by default (20) that each hop costs up to 50 ms;
 * measured with this: a lock hand-off of 47 instead of 310 ms. */
const maxPollRps = 2_000;
const queueProcessors = ['transferProcessor', 'timerProcessor', 'visibilityProcessor'];
const readyCallMs = 2_000;

/** Starts the Temporal dev server with its Web UI; without `file` it forgets everything at its end. */
export async function startTemporal(wish: {
  file: string | null;
  ports: { temporal?: number | undefined; ui?: number | undefined };
  searchAttributes: SearchAttributes;
  workflowTaskTimeout?: string | undefined;
  log: Log;
}): Promise<{ process: GuardedProcess; address: string; ui: string }> {
  const { log } = wish;
  const command = await resolveTemporal({ log });
  const { process, attempt } = await startPart({
    name: 'Temporal',
    async prepare() {
      const port = await freePort({ preferred: wish.ports.temporal, part: 'Temporal', log });
      const uiPort = await freePort({ preferred: wish.ports.ui, part: 'the Temporal Web UI', log });
      const address = `127.0.0.1:${port}`;
      const args = serverArguments({
        port,
        uiPort,
        file: wish.file,
        searchAttributes: wish.searchAttributes,
        workflowTaskTimeout: wish.workflowTaskTimeout,
      });
      return { command, args, address, uiPort, isReady: () => isServing(address) };
    },
  });
  return { process, address: attempt.address, ui: `http://127.0.0.1:${attempt.uiPort}` };
}

function serverArguments(server: {
  port: number;
  uiPort: number;
  file: string | null;
  searchAttributes: SearchAttributes;
  workflowTaskTimeout: string | undefined;
}): string[] {
  const { workflowTaskTimeout } = server;
  const settings = [
    ...queueProcessors.map((name) => `history.${name}MaxPollRPS=${maxPollRps}`),
    ...(workflowTaskTimeout ? [`history.defaultWorkflowTaskTimeout="${workflowTaskTimeout}"`] : []),
  ];
  const attributes = Object.entries(server.searchAttributes).map(([name, type]) => `${name}=${type}`);
  const pragmas = ['journal_mode=WAL', 'synchronous=NORMAL'];
  const files =
    server.file === null ? [] : ['--db-filename', server.file, ...each('--sqlite-pragma', pragmas)];
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error'],
    ...['--port', String(server.port), '--ui-port', String(server.uiPort)],
    ...each('--dynamic-config-value', settings),
    ...each('--search-attribute', attributes),
    ...files,
  ];
}

function each(flag: string, values: string[]): string[] {
  return values.flatMap((value) => [flag, value]);
}

async function isServing(address: string): Promise<boolean> {
  if (!(await canConnect({ address }))) return false;
  const connection = await Connection.connect({ address, connectTimeout: readyCallMs });
  try {
    const request = { namespace: 'default' };
    await connection.withDeadline(Date.now() + readyCallMs, () =>
      connection.workflowService.describeNamespace(request),
    );
    return true;
  } finally {
    await connection.close();
  }
}
