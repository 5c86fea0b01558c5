import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimulatorState } from './state.ts';

export interface Persistence {
  /** What was saved before, or undefined. */
  load(): Promise<SimulatorState | undefined>;
  /** Saves soon; several changes share one write. */
  changed(state: SimulatorState): void;
  /** Resolves once this state is on disk. */
  save(state: SimulatorState): Promise<void>;
}

const DEBOUNCE_MS = 100;

export const noPersistence: Persistence = {
  load: async () => undefined,
  changed: () => {},
  save: async () => {},
};

/** Keeps the state in `simulator.json` of a folder: written beside it, then moved into place. Readable by its owner only. */
export function createPersistence({ dataDir }: { dataDir: string }): Persistence {
  const file = join(dataDir, 'simulator.json');
  let timer: NodeJS.Timeout | undefined;
  let tail: Promise<void> = Promise.resolve();

  const write = async (state: SimulatorState) => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    await rename(`${file}.new`, file);
  };
  const save = (state: SimulatorState) => {
    clearTimeout(timer);
    timer = undefined;
    tail = tail.catch(() => {}).then(() => write(state));
    return tail;
  };
  const saveInBackground = (state: SimulatorState) => {
    save(state).catch((error: unknown) => {
      console.error(`Failed to save the simulator's state in ${file}: ${String(error)}. Check the folder.`);
    });
  };
  return {
    load: () => loadState(file),
    changed: (state) => {
      timer ??= setTimeout(() => saveInBackground(state), DEBOUNCE_MS);
    },
    save,
  };
}

async function loadState(file: string): Promise<SimulatorState | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as SimulatorState;
  } catch {
    throw new Error(`Failed to read ${file}: it is no JSON. Move it away to start with a fresh simulator.`);
  }
}
