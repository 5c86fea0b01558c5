import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Incident } from '../domain/incident.ts';
import { incidentPage } from './incident-page.ts';

export interface IncidentPorts {
  reportIncident(input: { packageName: string; from: string; to: string }): Promise<Incident>;
  print(text: string): void;
}

const help = `
Answers, from our own records, also when Temporal has forgotten: which orders came within seconds and which came last,
what the supplier was asked and answered, who got an address of another package, and every attempt with its time.
T is a moment such as 2026-11-21T10:00:00Z; without a zone it is UTC. FILE ends in .html (for people) or .json.

Example: npm run ops -- incident --package 103.181.91 --from 2026-11-21T10:00Z --to 2026-11-21T11:00Z --out report.html`;

interface IncidentOptions {
  package: string;
  from: string;
  to: string;
  out?: string;
  json?: boolean;
}

/** Adds `incident`. */
export function addIncidentCommand(program: Command, ports: IncidentPorts): void {
  program
    .command('incident')
    .description('What happened to a package in a span of time, as one file.')
    .addOption(new Option('--package <name>', "the package's name").makeOptionMandatory())
    .addOption(new Option('--from <T>', 'begin').argParser(readMoment).makeOptionMandatory())
    .addOption(new Option('--to <T>', 'end').argParser(readMoment).makeOptionMandatory())
    .addOption(
      new Option('--out <FILE>', 'where it is written; default incident-PACKAGE.html').argParser(
        readFileName,
      ),
    )
    .option('--json', 'print one line of JSON instead of writing a file')
    .addHelpText('after', help)
    .action((options: IncidentOptions) => report(ports, options));
}

function readMoment(text: string): string {
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = new Date(hasZone || isDay ? text : `${text}Z`);
  if (Number.isNaN(at.getTime()) || !isDayOfCalendar(text.slice(0, 10)))
    throw new InvalidArgumentError('It is not a moment like 2026-11-21T10:00Z.');
  return at.toISOString();
}

/** The runtime takes 31 February for 3 March. */
function isDayOfCalendar(day: string): boolean {
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}

function readFileName(text: string): string {
  if (!/\.(?:html|json)$/.test(text))
    throw new InvalidArgumentError('It ends neither in .html nor in .json.');
  return text;
}

async function report(ports: IncidentPorts, options: IncidentOptions): Promise<void> {
  const { package: packageName, from, to, json } = options;
  if (to <= from) throw new Error('Failed to report the incident: --to is not after --from.');
  const incident = await ports.reportIncident({ packageName, from, to });
  if (json) return ports.print(JSON.stringify(incident));
  const out = options.out ?? `incident-${packageName.replace(/[^\w.-]/g, '_')}.html`;
  const content = out.endsWith('.json') ? `${JSON.stringify(incident, null, 2)}\n` : incidentPage(incident);
  await writeFile(out, content, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      `Failed to write the report to ${out} (${error.code}). Choose a file of a folder that is there, with --out.`,
    );
  });
  const { orders, purchases, mismatches, clusters } = incident;
  ports.print(
    `${orders.length} orders, ${clusters.length} clusters, ${purchases.length} purchases, ${mismatches.length} mismatches: ${out}`,
  );
}
