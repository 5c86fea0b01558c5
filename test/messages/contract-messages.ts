import { globSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Names of every signal and update that is defined in workflows/contract/, so that new ones are covered too. */
export async function findContractMessages(): Promise<{ signals: string[]; updates: string[] }> {
  const files = globSync('workflows/contract/*.ts', { cwd: root });
  const modules = await Promise.all(files.map((file) => import(join(root, file)) as Promise<object>));
  const defined = modules.flatMap((module) => Object.values(module) as unknown[]);
  return { signals: namesOf(defined, 'signal'), updates: namesOf(defined, 'update') };
}

function namesOf(defined: readonly unknown[], type: string): string[] {
  const names = defined.flatMap((value) => {
    const { type: found, name } = Object(value) as { type?: unknown; name?: unknown };
    return found === type && typeof name === 'string' ? [name] : [];
  });
  return [...new Set(names)].sort();
}
