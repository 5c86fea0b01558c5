import type { Collections } from '../../src/database.ts';

/** `crash`: the process is gone at this write, every later call of it hangs. `error`: this write alone throws. */
export interface WriteFault {
  /** 1 is the first write. */
  write: number;
  when: 'before' | 'after';
  kind: 'crash' | 'error';
}

export interface FaultyCollections {
  db: Collections;
  writes: () => number;
  /** Resolves when the planned crash has happened. */
  crashed: Promise<'crashed'>;
}

const writing: readonly string[] = ['insertOne', 'updateOne'];
const reading: readonly string[] = ['findOne'];

/** The same collections as one process sees them that dies, or loses its connection, at a planned write. */
export function createFaultyCollections(db: Collections, fault: WriteFault | null): FaultyCollections {
  let writes = 0;
  let isDead = false;
  const { promise: crashed, resolve: reportCrash } = Promise.withResolvers<'crashed'>();
  const strike = (when: WriteFault['when'], write: number) => {
    if (fault?.write !== write || fault.when !== when) return undefined;
    if (fault.kind === 'error') throw new Error(`The connection broke ${when} write ${write}.`);
    isDead = true;
    reportCrash('crashed');
    return hang();
  };
  const call = async (method: string, run: () => Promise<unknown>) => {
    if (isDead) return hang();
    if (!writing.includes(method)) return run();
    writes += 1;
    const write = writes;
    await strike('before', write);
    const result = await run();
    await strike('after', write);
    return result;
  };
  const wrapped = Object.entries(db).map(([name, collection]) => [
    name,
    new Proxy(collection as object, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== 'function' || typeof property !== 'string') return value;
        const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (![...writing, ...reading].includes(property)) return method;
        return (...args: unknown[]) => call(property, () => method(...args));
      },
    }),
  ]);
  return { db: Object.fromEntries(wrapped) as Collections, writes: () => writes, crashed };
}

function hang(): Promise<never> {
  return new Promise(() => undefined);
}
