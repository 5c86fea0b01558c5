import type { Command } from 'commander';
import type { Finding } from '../domain/finding.ts';
import { AlreadyTold } from './act-command.ts';

export interface DoctorPorts {
  /** Looks at everything; what cannot be looked at is a finding too. */
  examine(): Promise<Finding[]>;
  print(text: string): void;
}

const help = `
Each line is OK, WARN or FAIL with what to do. It buys, sends and changes nothing (one row of its own in the database
apart), and prints no secret. Run it in the environment of the worker and the API: it checks their settings as well.
The exit code is 1 where something is FAIL.

Example: npm run ops -- doctor --json`;

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, ports: DoctorPorts): void {
  program
    .command('doctor')
    .description('Checks every setting and everything that the service depends on.')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', help)
    .action((options: { json?: boolean }) => examine(ports, options));
}

const words: Record<Finding['level'], string> = { ok: 'OK  ', warn: 'WARN', fail: 'FAIL' };

async function examine(ports: DoctorPorts, { json }: { json?: boolean }): Promise<void> {
  const findings = await ports.examine();
  if (json) ports.print(JSON.stringify(findings));
  else for (const finding of findings) ports.print(describe(finding));
  const failed = findings.filter(({ level }) => level === 'fail').length;
  const warned = findings.filter(({ level }) => level === 'warn').length;
  if (!json) ports.print(`${findings.length} checks: ${failed} failed, ${warned} to look at.`);
  if (failed > 0) throw new AlreadyTold(`${failed} checks failed.`);
}

function describe({ level, name, detail, remedy }: Finding): string {
  return `${words[level]}  ${name}: ${detail}${remedy === null ? '' : `\n      ${remedy}`}`;
}
