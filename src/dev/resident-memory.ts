import { readFileSync } from 'node:fs';

/** Resident memory, in MB, of the tool that runs under the guard with this pid; null where there is no /proc. */
export function residentMb({ guardPid }: { guardPid: number }): number | null {
  try {
    const children = readFileSync(`/proc/${guardPid}/task/${guardPid}/children`, 'utf8');
    const status = readFileSync(`/proc/${children.trim().split(' ')[0]}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / 1024);
  } catch {
    return null;
  }
}
