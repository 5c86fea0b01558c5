import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { runCommand } from './child-process.ts';
import { fetchFirstByte, stallGuard } from './download-limits.ts';

const downloadInfo = z.object({ archiveUrl: z.string(), fileToExtract: z.string() });
const platforms: Record<string, string> = { linux: 'linux', darwin: 'darwin' };
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Downloads the Temporal CLI of exactly `version` into `dir`, unless it is there, and returns its path.
 * The addresses are those of the SDK's own cached download (`@temporalio/core-bridge`,
 * sdk-core/src/ephemeral_server), which cannot be asked for the file alone: it always starts a server.
 * Throws where the first byte takes too long, the download stalls or the archive is not what it should be.
 */
export async function downloadTemporal(task: {
  version: string;
  dir: string;
  origin?: string;
  log: (line: string) => void;
}): Promise<string> {
  const path = join(task.dir, `temporal-${task.version}`);
  if (existsSync(path)) return path;
  const info = await downloadAddress(task.origin ?? 'https://temporal.download', task.version);
  task.log(`Downloading Temporal ${task.version} from ${new URL(info.archiveUrl).host} ...`);
  const unfinished = `${path}.downloading-${process.pid}`;
  try {
    mkdirSync(unfinished, { recursive: true });
    const archive = join(unfinished, 'archive.tar.gz');
    const { body, signal } = stallGuard(await fetchFirstByte(info.archiveUrl));
    await pipeline(Readable.fromWeb(body), createWriteStream(archive), { signal });
    const args = ['-xzf', archive, '-C', unfinished, info.fileToExtract];
    const unpacked = await runCommand({ command: 'tar', args });
    if (unpacked.code !== 0) throw new Error(`tar: ${unpacked.stderr}`);
    renameSync(join(unfinished, info.fileToExtract), path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return path;
}

async function downloadAddress(origin: string, version: string): Promise<z.infer<typeof downloadInfo>> {
  const platform = platforms[process.platform];
  const arch = architectures[process.arch];
  if (platform === undefined || arch === undefined) {
    throw new Error(`there is no download for ${process.platform} on ${process.arch}`);
  }
  const query = new URLSearchParams({ arch, platform, format: 'tar.gz' });
  const { response } = await fetchFirstByte(`${origin}/cli/v${version}?${query}`);
  return downloadInfo.parse(await response.json());
}
