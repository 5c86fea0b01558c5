import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cacheFolder = join(root, 'node_modules', '.cache', 'workflow-bundles');
const sourceFolders = ['workflows', 'src/domain'];

const bundler = fileURLToPath(new URL('./bundle-workflows.ts', import.meta.url));

const bundles = new Map<string, Promise<{ codePath: string }>>();

/**
 * The workflows of one entry file (by default all of the service) as a worker takes them (`workflowBundle`). Bundled
 * once per state of the sources: restarts and test files share what lies in node_modules/.cache.
 */
export function workflowBundle(
  entry: URL = new URL('../../workflows/index.ts', import.meta.url),
): Promise<{ codePath: string }> {
  const workflowsPath = fileURLToPath(entry);
  const bundle = bundles.get(workflowsPath) ?? findOrBundle(workflowsPath);
  bundles.set(workflowsPath, bundle);
  return bundle;
}

async function findOrBundle(workflowsPath: string): Promise<{ codePath: string }> {
  const codePath = join(cacheFolder, `${await fingerprint(workflowsPath)}.js`);
  if (existsSync(codePath)) return { codePath };
  const folder = (await isWritable(cacheFolder))
    ? cacheFolder
    : await mkdtemp(join(tmpdir(), 'workflow-bundle-'));
  const unfinished = join(folder, `unfinished-${process.pid}.js`);
  // In a process of its own: the bundler takes some 160 MB that a worker would keep for good.
  await promisify(execFile)(process.execPath, [bundler, workflowsPath, unfinished]);
  const finished = join(folder, basename(codePath));
  await rename(unfinished, finished);
  return { codePath: finished };
}

/** An image that runs as another user cannot write here: it bundles at each start. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return true;
  } catch {
    return false;
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
