import type { Command } from 'commander';
import type { AdminAct } from '../domain/admin-act.ts';
import { formatMoment } from '../domain/shop-time.ts';
import { readLimit } from './order-commands.ts';

export interface AuditPorts {
  /** Newest first. */
  listActs(input: { subjectId?: string; limit: number }): Promise<AdminAct[]>;
  shopTimeZone(): string;
  print(text: string): void;
}

interface AuditOptions {
  order?: string;
  subject?: string;
  limit: number;
  json?: boolean;
}

const help = `
Every act of a person, through the Web UI, the API or these commands: who, what, why, and what was answered.

Examples:
  npm run ops -- audit list --order ord-01m7z22vtkd37c4mpb6p
  npm run ops -- audit list --subject package-lock-smartvps-103.181.91
A subject is an order's id, a lock's workflow id, a purchase's id, a server (smartvps:103.181.91.7) or a supplier.`;

/** Adds `audit list`. */
export function addAuditCommand(program: Command, ports: AuditPorts): void {
  program
    .command('audit')
    .description('What admins did.')
    .command('list')
    .description('Acts with who, what, why and the answer, newest first.')
    .option('--order <ORDER_ID>', 'on this order')
    .option('--subject <ID>', 'on this lock, purchase, server or supplier')
    .option('--limit <number>', 'how many at most', readLimit, 50)
    .option('--json', 'print one line of JSON')
    .addHelpText('after', help)
    .action((options: AuditOptions) => list(ports, options));
}

async function list(ports: AuditPorts, { order, subject, limit, json }: AuditOptions): Promise<void> {
  const subjectId = order ?? subject;
  const acts = await ports.listActs({ limit, ...(subjectId === undefined ? {} : { subjectId }) });
  if (json) return ports.print(JSON.stringify(acts));
  const timeZone = ports.shopTimeZone();
  for (const { at, act, subject: on, by, reason, accepted, answer } of acts) {
    const why = reason === null ? '' : ` (${reason})`;
    ports.print(`${formatMoment({ at, timeZone })}  ${act} ${on.id} by ${by}${why}`);
    ports.print(`  ${accepted ? '' : 'refused: '}${answer}`);
  }
  ports.print(acts.length === 1 ? '1 act.' : `${acts.length} acts.`);
}
