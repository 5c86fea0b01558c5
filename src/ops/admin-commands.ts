import { randomBytes } from 'node:crypto';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { formatMoment } from '../domain/shop-time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';

export interface AdminPorts {
  addAdmin(input: {
    name: string;
    password: string;
    replace: boolean;
    by: string;
    reason: string | null;
  }): Promise<Verdict>;
  removeAdmin(input: { name: string; by: string; reason: string | null }): Promise<Verdict>;
  listAdmins(): Promise<{ name: string; createdAt: string; createdBy: string }[]>;
  shopTimeZone(): string;
  print(text: string): void;
}

const addHelp = `
Without --password-stdin a password is made up and printed once; it is stored as an Argon2id hash alone.

Examples:
  npm run ops -- admin add asha --reason "joins the desk"
  npm run ops -- admin add asha --replace < password.txt --password-stdin`;

interface AddOptions extends ActOptions {
  passwordStdin?: boolean;
  replace?: boolean;
}

/** Adds `admin add`, `remove` and `list`. */
export function addAdminCommands(program: Command, ports: AdminPorts, actor: string): void {
  const admin = program.command('admin').description('Who may sign in to the admin site.');
  takeActOptions(admin.command('add'), actor)
    .description('Lets a person sign in.')
    .argument('<NAME>')
    .option('--password-stdin', 'read the password from standard input')
    .option('--replace', 'give a known admin a new password')
    .addHelpText('after', addHelp)
    .action((name: string, options: AddOptions) => add(ports, name, options));
  takeActOptions(admin.command('remove'), actor)
    .description('Takes the way in from a person, and ends their sessions.')
    .argument('<NAME>')
    .action(async (name: string, options: ActOptions) => {
      const { by, reason = null, json } = options;
      const outcome = await ports.removeAdmin({ name, by, reason });
      sayOutcome(ports, { action: `remove ${name}`, outcome, json });
    });
  admin
    .command('list')
    .description('Everybody who may sign in.')
    .option('--json', 'print one line of JSON')
    .action((options: { json?: boolean }) => list(ports, options));
}

async function add(ports: AdminPorts, name: string, options: AddOptions): Promise<void> {
  const { by, reason = null, json, replace = false, passwordStdin = false } = options;
  const password = passwordStdin
    ? (await readAll(process.stdin)).replace(/\r?\n$/, '')
    : randomBytes(15).toString('base64url');
  const outcome = await ports.addAdmin({ name, password, replace, by, reason });
  if (outcome.kind !== 'accepted' || passwordStdin) {
    return sayOutcome(ports, { action: `add ${name}`, outcome, json });
  }
  if (json) return ports.print(JSON.stringify({ ...outcome, password }));
  ports.print(`${outcome.next}\nPassword, shown this once: ${password}`);
}

async function list(ports: AdminPorts, { json }: { json?: boolean }): Promise<void> {
  const admins = await ports.listAdmins();
  if (json) return ports.print(JSON.stringify(admins));
  const timeZone = ports.shopTimeZone();
  for (const { name, createdAt, createdBy } of admins) {
    ports.print(`${name}  since ${formatMoment({ at: createdAt, timeZone })}, by ${createdBy}`);
  }
  ports.print(admins.length === 1 ? '1 admin.' : `${admins.length} admins.`);
}
