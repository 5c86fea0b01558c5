import { type Command, Option } from 'commander';
import { describeDuration } from '../domain/duration.ts';
import type { PurchaseResolution } from '../domain/purchase-resolution.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';

interface CaseLine {
  purchaseId: string;
  orderId: string;
  openedAt: string;
  ageSeconds: number;
  sentence: string;
}

export interface CasePorts {
  /** Open cases, oldest first. */
  listCases(): Promise<CaseLine[]>;
  resolveCase(input: {
    purchaseId: string;
    resolution: PurchaseResolution;
  }): Promise<Verdict | { kind: 'notFound' }>;
  print(text: string): void;
}

export interface ResolveOptions extends ActOptions {
  outcome: 'bought' | 'notBought';
  ip?: string;
  acceptMismatch?: boolean;
}

/** Adds `cases list` and `cases resolve`. */
export function addCaseCommands(program: Command, ports: CasePorts, actor: string): void {
  const cases = program.command('cases').description('Purchases of which nobody knows what they bought.');
  cases
    .command('list')
    .description('Open cases with their age, oldest first.')
    .option('--json', 'print one line of JSON')
    .action((options: { json?: boolean }) => list(ports, options));
  takeResolveOptions(cases.command('resolve'), actor)
    .description('Settles a case by your word; it is checked.')
    .argument('<PURCHASE_ID>', 'e.g. ord-01m7z22vtkd37c4mpb6p#1')
    .addHelpText('after', resolveHelp)
    .action((purchaseId: string, options: ResolveOptions) => resolve(ports, purchaseId, options));
}

const resolveHelp = `
Examples:
  npm run ops -- cases resolve 'ord-01m7z22vtkd37c4mpb6p#1' --outcome bought --ip 103.181.91.7 --reason "seen in the panel"
  npm run ops -- cases resolve 'ord-01m7z22vtkd37c4mpb6p#1' --outcome notBought`;

/** Adds what a person says about a purchase that became a case. */
export function takeResolveOptions(command: Command, actor: string): Command {
  const outcome = new Option('--outcome <outcome>', 'what became of it').choices(['bought', 'notBought']);
  return takeActOptions(command, actor)
    .addOption(outcome.makeOptionMandatory())
    .option('--ip <IP>', 'the address that was bought')
    .option('--accept-mismatch', 'accept what does not fit');
}

async function list(ports: CasePorts, { json }: { json?: boolean }): Promise<void> {
  const cases = await ports.listCases();
  if (json) return ports.print(JSON.stringify(cases));
  for (const { purchaseId, orderId, ageSeconds, sentence } of cases) {
    ports.print(
      `${purchaseId}  order ${orderId}  open for ${describeDuration(ageSeconds * 1000)}\n  ${sentence}`,
    );
  }
  ports.print(cases.length === 1 ? '1 open case.' : `${cases.length} open cases.`);
}

async function resolve(ports: CasePorts, purchaseId: string, options: ResolveOptions): Promise<void> {
  const outcome = await ports.resolveCase({ purchaseId, resolution: readResolution(options) });
  if (outcome.kind === 'notFound') {
    throw new Error(`Failed to resolve ${purchaseId}: there is no such purchase. See \`cases list\`.`);
  }
  sayOutcome(ports, { action: `resolve ${purchaseId}`, outcome, json: options.json });
}

/** Reads what was said. @throws where a bought server has no address. */
export function readResolution({
  outcome,
  ip,
  acceptMismatch,
  reason,
  by,
}: ResolveOptions): PurchaseResolution {
  const said = { acceptMismatch: acceptMismatch === true, by, reason: reason ?? null };
  if (outcome === 'notBought') return { outcome, ...said };
  if (!ip) throw new Error('Failed to resolve: --outcome bought needs --ip, the address that was bought.');
  return { outcome, ip, ...said };
}
