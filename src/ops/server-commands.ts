import { type Command, Option } from 'commander';
import { formatMoney } from '../domain/money.ts';
import type { SupplierName } from '../domain/order.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';
import { readJson } from './read-json.ts';

const states = ['bought', 'held', 'changing', 'delivered', 'stranded', 'retired', 'foreign'] as const;
type State = (typeof states)[number];

interface ServerLine {
  ip: string;
  state: State;
  orderId: string | null;
  since: string;
  expiresAt: string | null;
  cost: { amountMinor: number; currency: string } | null;
  /** Why it is in its state; empty where that is not known. */
  cause: string;
}

export interface ServerPorts {
  /** `list`: a file's JSON, or null where there are no older servers. */
  importForeign(input: {
    list: unknown;
    supplier: SupplierName;
    by: string;
    reason: string | null;
  }): Promise<{
    recorded: number;
    left: { ip: string; state: string }[];
  }>;
  listServers(input: { state: State | null }): Promise<ServerLine[]>;
  strandServer(input: ServerAct & { supplier: SupplierName }): Promise<Verdict>;
  assignServer(input: ServerAct & { orderId: string }): Promise<Verdict>;
  print(text: string): void;
}

interface ServerAct {
  ip: string;
  by: string;
  reason: string | null;
}

const importHelp = `
FILE is a JSON array of addresses, or of objects: ["103.181.91.7", {"ip": "103.181.91.8", "note": "panel"}]
Records the servers that were on the supplier's account before as foreign: nobody sells, stops or wipes them.
Until this ran once, or --none was said, a purchase whose answer is lost always becomes a case.`;

const supplierOption = () =>
  new Option('--supplier <name>', 'whose account').choices(['smartvps', 'hostycare']).default('smartvps');

/** Adds `servers import`, `list`, `strand` and `assign`. */
export function addServerCommands(program: Command, ports: ServerPorts, actor: string): void {
  const servers = program.command('servers').description('Servers on the supplier accounts.');
  takeActOptions(servers.command('import'), actor)
    .description('Records older servers as foreign; safe to repeat.')
    .argument('[FILE]', 'a JSON file')
    .option('--none', 'there are no older servers')
    .addOption(supplierOption())
    .addHelpText('after', importHelp)
    .action((file: string | undefined, options: ImportOptions) => importForeign(ports, file, options));
  servers
    .command('list')
    .description('Servers with their tenancy; stranded ones with their money.')
    .addOption(new Option('--state <state>', 'only these').choices(states))
    .option('--json', 'print one line of JSON')
    .action((options: { state?: State; json?: boolean }) => list(ports, options));
  takeActOptions(servers.command('strand'), actor, { needsReason: true })
    .description('Stops and wipes a server that its order does not need any more.')
    .argument('<IP>')
    .addOption(supplierOption())
    .addHelpText('after', strandHelp)
    .action((ip: string, options: StrandOptions) => strand(ports, ip, options));
  takeActOptions(servers.command('assign'), actor)
    .description('Gives a stranded server to a failed or waiting order.')
    .argument('<IP>')
    .requiredOption('--order <ORDER_ID>', 'the order that gets it')
    .addHelpText('after', assignHelp)
    .action((ip: string, options: AssignOptions) => assign(ports, ip, options));
}

const strandHelp = `
Example: npm run ops -- servers strand 103.182.44.18 --reason "wrong package"`;
const assignHelp = `
Example: npm run ops -- servers assign 103.181.91.7 --order ord-01m7z22vtkd37c4mpb6p --reason "paid for already"`;

interface ImportOptions extends ActOptions {
  none?: boolean;
  supplier: SupplierName;
}

interface StrandOptions extends ActOptions {
  supplier: SupplierName;
}

interface AssignOptions extends ActOptions {
  order: string;
}

async function strand(ports: ServerPorts, ip: string, options: StrandOptions): Promise<void> {
  const { supplier, by, reason = null, json } = options;
  const outcome = await ports.strandServer({ ip, supplier, by, reason });
  sayOutcome(ports, { action: `strand ${ip}`, outcome, json });
}

async function assign(ports: ServerPorts, ip: string, options: AssignOptions): Promise<void> {
  const { order: orderId, by, reason = null, json } = options;
  const outcome = await ports.assignServer({ ip, orderId, by, reason });
  sayOutcome(ports, { action: `assign ${ip} to order ${orderId}`, outcome, json });
}

async function importForeign(
  ports: ServerPorts,
  file: string | undefined,
  { none, supplier, by, reason, json }: ImportOptions,
): Promise<void> {
  if ((file === undefined) !== (none === true)) {
    throw new Error('Failed to import the servers: name a FILE, or say --none.');
  }
  const list = file === undefined ? null : await readJson(file);
  const result = await ports.importForeign({ list, supplier, by, reason: reason ?? null });
  if (json) return ports.print(JSON.stringify(result));
  if (list === null) return ports.print('It is recorded that there are no older servers.');
  for (const { ip, state } of result.left) ports.print(`${ip} is ${state} already: left as it is.`);
  ports.print(`Imported ${file}: ${result.recorded} recorded as foreign, ${result.left.length} left.`);
}

async function list(ports: ServerPorts, { state, json }: { state?: State; json?: boolean }): Promise<void> {
  const servers = await ports.listServers({ state: state ?? null });
  const stranded = sumOf(servers.filter((server) => server.state === 'stranded'));
  if (json) return ports.print(JSON.stringify({ servers, stranded }));
  for (const server of servers) ports.print(describeServer(server));
  const money = stranded.length === 0 ? '' : ` Stranded: ${stranded.map(formatMoney).join(' + ')}.`;
  ports.print(`${servers.length} servers.${money}`);
}

function describeServer({ ip, state, orderId, since, expiresAt, cost, cause }: ServerLine): string {
  const parts = [
    ip.padEnd(15),
    state.padEnd(9),
    `order ${orderId ?? '-'}`,
    `since ${since.slice(0, 16)}Z`,
    `expires ${expiresAt?.slice(0, 10) ?? '-'}`,
    cost === null ? '-' : formatMoney(cost),
    ...(cause === '' ? [] : [cause]),
  ];
  return parts.join('  ');
}

/** One amount per currency. */
function sumOf(servers: readonly ServerLine[]): { amountMinor: number; currency: string }[] {
  const sums = new Map<string, number>();
  for (const { cost } of servers) {
    if (cost) sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + cost.amountMinor);
  }
  return [...sums].map(([currency, amountMinor]) => ({ amountMinor, currency }));
}
