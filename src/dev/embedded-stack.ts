import { canConnect } from './can-connect.ts';
import type { GuardedProcess } from './child-process.ts';
import { openDataFolder } from './data-folder.ts';
import { type DatabaseFolder, startMongodb } from './embedded-mongodb.ts';
import { type SearchAttributes, startTemporal } from './embedded-temporal.ts';
import { StackError } from './stack-error.ts';

type Log = (line: string) => void;

/** What an embedded stack should be: files in `dataDir` (else nothing outlives it), preferred ports (0 or unset: any
 * free one), search attributes to register, and who hears of progress. */
export interface EmbeddedStackOptions {
  dataDir?: string | undefined;
  ports?: { temporal?: number; ui?: number; mongodb?: number };
  searchAttributes?: SearchAttributes;
  /** How long a worker may take over one workflow task, such as `2s`; Temporal's 10 s where it is not set. */
  workflowTaskTimeout?: string | undefined;
  log: Log;
}

/** A running Temporal and a running database. */
export interface EmbeddedStack {
  /** `host:port` of the frontend. */
  temporalAddress: string;
  /** URL of the Web UI. */
  temporalUi: string;
  /** URI without database name and query where the database is ours; MONGODB_URI as it is where it was set. */
  mongodbUri: string;
  /** Process ids of the guards of the parts that were started here. */
  pids: number[];
  /** Resolves with a sentence when a part ends although nobody stopped it. */
  died: Promise<string>;
  /** Ends all parts that were started here; resolves when they are gone. Safe to call twice. */
  stop(): Promise<void>;
  /** Lets this process end while the parts run; they end right after it. */
  unref(): void;
}

interface Part {
  name: string;
  process: GuardedProcess | null;
}

/**
 * Starts Temporal and a MongoDB-protocol database, each by the first way that works: an address in the environment
 * (TEMPORAL_ADDRESS, MONGODB_URI: that part is not started here), a binary on PATH, a download, a build from tools/.
 * No process outlives this one, also after a kill. Throws StackError: one sentence with the way out.
 */
export async function startEmbeddedStack(options: EmbeddedStackOptions): Promise<EmbeddedStack> {
  const { dataDir, log } = options;
  const folder = dataDir === undefined ? null : await openDataFolder({ path: dataDir });
  const parts: Part[] = [];
  const running = () => parts.flatMap(({ process }) => (process === null ? [] : [process]));
  const stop = async () => {
    await Promise.all(running().map((process) => process.stop()));
    folder?.lock.release();
  };
  try {
    const mongodb = await mongodbPart({ folder, options });
    parts.push({ name: 'The database', process: mongodb.process });
    log(`Database ready: ${withoutPassword(mongodb.uri)}`);
    const temporal = await temporalPart({ file: folder?.temporalFile ?? null, options });
    parts.push({ name: 'Temporal', process: temporal.process });
    log(`Temporal ready: ${temporal.address}, Web UI ${temporal.ui}`);
    const pids = running().map(({ pid }) => pid);
    folder?.lock.addPids(pids);
    const addresses = { temporalAddress: temporal.address, temporalUi: temporal.ui, mongodbUri: mongodb.uri };
    const unref = () => {
      for (const process of running()) process.unref();
    };
    return { ...addresses, pids, unref, ...supervise(parts, stop) };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function supervise(parts: Part[], stopParts: () => Promise<void>): Pick<EmbeddedStack, 'died' | 'stop'> {
  let stopping: Promise<void> | null = null;
  const died = new Promise<string>((resolve) => {
    for (const { name, process } of parts) {
      process?.exited.then((code) => {
        if (stopping !== null) return;
        const words = process.lastLines().join('\n');
        resolve(
          `${name} ended unexpectedly (exit code ${code}). Start again.${words && ` It said:\n${words}`}`,
        );
      });
    }
  });
  return {
    died,
    stop() {
      stopping ??= stopParts();
      return stopping;
    },
  };
}

async function mongodbPart({
  folder,
  options,
}: {
  folder: DatabaseFolder | null;
  options: EmbeddedStackOptions;
}) {
  const uri = process.env.MONGODB_URI;
  if (uri) return { process: null, uri };
  return startMongodb({ folder, port: options.ports?.mongodb, log: options.log });
}

async function temporalPart({ file, options }: { file: string | null; options: EmbeddedStackOptions }) {
  const address = process.env.TEMPORAL_ADDRESS;
  const { ports = {}, searchAttributes = {}, workflowTaskTimeout, log } = options;
  if (!address) return startTemporal({ file, ports, searchAttributes, workflowTaskTimeout, log });
  if (!(await canConnect({ address }))) {
    throw new StackError(
      `Failed to reach Temporal: nothing answers at TEMPORAL_ADDRESS ${address}. ` +
        'Start that server, or unset TEMPORAL_ADDRESS to have one started here.',
    );
  }
  const host = address.slice(0, address.lastIndexOf(':'));
  return { process: null, address, ui: process.env.TEMPORAL_UI_URL ?? `http://${host}:8233` };
}

function withoutPassword(uri: string): string {
  return uri.replace(/\/\/[^@/]*@/, '//***@');
}
