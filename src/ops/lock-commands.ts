import type { Command } from 'commander';
import { describeDuration } from '../domain/duration.ts';
import { formatMoment } from '../domain/shop-time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';

interface LockRequest {
  requestId: string;
  workflowId: string;
  since: string;
  ageSeconds: number;
}

/** The lock of a package; `idle`: nobody needs it; `silent`: it runs and no worker answers for it. */
export interface LockLine {
  lockId: string;
  supplier: string;
  packageName: string;
  state: 'running' | 'idle' | 'silent';
  view: null | {
    holder: (LockRequest & { fencingNumber: number; delivered: boolean }) | null;
    waiters: (LockRequest & { place: number })[];
    pause: null | { reason: string; by: string; since: string; until: string | null };
    lastRefusal: null | { signal: string; sentence: string; at: string };
    lastAct: null | { act: string; reason: string; by: string; at: string };
  };
}

interface LockWish {
  packageName: string;
  act: 'pauseLock' | 'resumeLock' | 'forceRelease';
  requestId?: string;
  reason: string | null;
  by: string;
}

export interface LockPorts {
  /** The locks of all packages of the catalogue, and of others that run. */
  listLocks(): Promise<LockLine[]>;
  /** Null where no such package is known. */
  showLock(input: { packageName: string }): Promise<LockLine | null>;
  steerLock(wish: LockWish): Promise<Verdict>;
  shopTimeZone(): string;
  print(text: string): void;
}

const packageHelp = `
PACKAGE is the package's name at import or today (103.181.91), or the id of its lock.`;

const pauseHelp = `${packageHelp}
A purchase that runs is finished; everybody else waits, and paused time does not count against lockWaitLimit.

Example: npm run ops -- locks pause 103.181.91 --reason "supplier maintenance"`;

const releaseHelp = `${packageHelp}
REQUEST_ID is that of a holder or waiter, as \`locks show\` prints it. Rarely right: a holder that is gone is passed over
by itself. It is safe: the ledger keeps the next order waiting until what was sent is settled.

Example: npm run ops -- locks release 103.181.91 'ord-01m7z22vtkd37c4mpb6p#1' --reason "its order was refunded by hand"`;

/** Adds `locks list`, `show`, `pause`, `resume` and `release`. */
export function addLockCommands(program: Command, ports: LockPorts, actor: string): void {
  const locks = program.command('locks').description('Who may buy from a package now, and who waits.');
  locks
    .command('list')
    .description('Every package with its holder, its waiters and its pause.')
    .option('--json', 'print one line of JSON')
    .action((options: { json?: boolean }) => list(ports, options));
  locks
    .command('show')
    .description('One package: holder and waiters with their ages.')
    .argument('<PACKAGE>')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', packageHelp)
    .action((packageName: string, options: { json?: boolean }) => show(ports, packageName, options));
  takeActOptions(locks.command('pause'), actor)
    .description('Stops buying from a package.')
    .argument('<PACKAGE>')
    .addHelpText('after', pauseHelp)
    .action((packageName: string, options: ActOptions) =>
      steer(ports, { action: 'pause', act: 'pauseLock', packageName, options }),
    );
  takeActOptions(locks.command('resume'), actor)
    .description('Goes on buying from a package, whoever or whatever has paused it.')
    .argument('<PACKAGE>')
    .addHelpText('after', packageHelp)
    .action((packageName: string, options: ActOptions) =>
      steer(ports, { action: 'resume', act: 'resumeLock', packageName, options }),
    );
  takeActOptions(locks.command('release'), actor)
    .description('Takes the lock from its holder, or a waiter out of the queue.')
    .argument('<PACKAGE>')
    .argument('<REQUEST_ID>')
    .addHelpText('after', releaseHelp)
    .action((packageName: string, requestId: string, options: ActOptions) =>
      steer(ports, { action: 'release', act: 'forceRelease', packageName, requestId, options }),
    );
}

async function list(ports: LockPorts, { json }: { json?: boolean }): Promise<void> {
  const locks = await ports.listLocks();
  if (json) return ports.print(JSON.stringify(locks));
  for (const lock of locks) ports.print(describeLock(lock, ports.shopTimeZone()));
  ports.print(locks.length === 1 ? '1 package.' : `${locks.length} packages.`);
}

function describeLock({ packageName, state, view }: LockLine, timeZone: string): string {
  const name = packageName.padEnd(15);
  if (state === 'idle') return `${name}  idle`;
  if (view === null) return `${name}  no worker answers for its lock`;
  const { holder, waiters, pause } = view;
  const held = holder === null ? 'free' : `held by ${sayRequest(holder)}`;
  const paused = pause === null ? '' : `  PAUSED by ${pause.by}: ${pause.reason}${sayUntil(pause, timeZone)}`;
  return `${name}  ${held}, ${waiters.length} waiting${paused}`;
}

function sayUntil({ until }: { until: string | null }, timeZone: string): string {
  return until === null ? ' Until it is resumed.' : ` Until ${formatMoment({ at: until, timeZone })}.`;
}

function sayRequest({ requestId, ageSeconds }: LockRequest): string {
  return `${requestId} for ${describeDuration(ageSeconds * 1000)}`;
}

async function show(ports: LockPorts, packageName: string, { json }: { json?: boolean }): Promise<void> {
  const lock = await ports.showLock({ packageName });
  if (lock === null)
    throw new Error(`Failed to show ${packageName}: there is no such package. See \`locks list\`.`);
  if (json) return ports.print(JSON.stringify(lock));
  const zone = ports.shopTimeZone();
  ports.print(`${lock.lockId}\n${describeLock(lock, zone)}`);
  for (const waiter of lock.view?.waiters ?? []) ports.print(`  ${waiter.place}. ${sayRequest(waiter)}`);
  const { lastAct = null, lastRefusal = null } = lock.view ?? {};
  if (lastAct !== null) {
    const at = formatMoment({ at: lastAct.at, timeZone: zone });
    ports.print(`  Last act: ${lastAct.act} by ${lastAct.by} on ${at}: ${lastAct.reason}`);
  }
  if (lastRefusal !== null) ports.print(`  Last refusal: ${lastRefusal.sentence}`);
}

async function steer(
  ports: LockPorts,
  input: Pick<LockWish, 'act' | 'packageName' | 'requestId'> & { action: string; options: ActOptions },
): Promise<void> {
  const { action, act, packageName, requestId, options } = input;
  const { by, reason = null, json } = options;
  const wish = { packageName, act, by, reason, ...(requestId === undefined ? {} : { requestId }) };
  const outcome = await ports.steerLock(wish);
  sayOutcome(ports, { action: `${action} ${packageName}`, outcome, json });
}
