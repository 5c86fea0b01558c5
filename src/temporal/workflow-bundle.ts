import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cacheFolder = join(root, 'node_modules', '.cache', 'workflow-bundles');
const sourceFolders = ['workflows', 'src/domain'];

/** As `Worker.create` takes it. */
export type WorkflowBundle = { codePath: string } | { code: string };

const bundles = new Map<string, Promise<WorkflowBundle>>();

/**
 * The workflows of one entry file (by default all of the service) as a worker takes them (`workflowBundle`). Bundled
 * once per state of the sources: restarts and test files share what lies in node_modules/.cache.
 */
export function workflowBundle(
  entry: URL = new URL('../../workflows/index.ts', import.meta.url),
): Promise<WorkflowBundle> {
  const workflowsPath = fileURLToPath(entry);
  const bundle = bundles.get(workflowsPath) ?? findOrBundle(workflowsPath);
  bundles.set(workflowsPath, bundle);
  return bundle;
}

async function findOrBundle(workflowsPath: string): Promise<WorkflowBundle> {
  const codePath = join(cacheFolder, `${await fingerprint(workflowsPath)}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  try {
    await mkdir(cacheFolder, { recursive: true });
    const unfinished = `${codePath}.${process.pid}`;
    await writeFile(unfinished, code);
    await rename(unfinished, codePath);
    return { codePath };
  } catch {
    // A folder that cannot be written (an image that runs as another user) only costs the seconds of bundling.
    return { code };
  }
}

/** Changes with every source that a bundle can hold: workflows, domain, the entry's own folder, the packages. */
async function fingerprint(workflowsPath: string): Promise<string> {
  const hash = createHash('sha256').update(workflowsPath);
  const folders = [...sourceFolders.map((folder) => join(root, folder)), dirname(workflowsPath)];
  const files = (await Promise.all(folders.map(listSources))).flat().sort();
  for (const file of [...new Set(files), join(root, 'package-lock.json')]) {
    hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 32);
}

async function listSources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
