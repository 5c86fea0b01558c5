import { Command, CommanderError } from 'commander';
import { addCaseCommands, type CasePorts } from './case-commands.ts';
import { readJson } from './read-json.ts';
import { addServerCommands, type ServerPorts } from './server-commands.ts';

/** What an import changed: numbers of products. */
interface ImportCounts {
  created: number;
  updated: number;
  unchanged: number;
}

/** The verbs behind the operator's commands, and where their words go. A verb reads its own settings when it is
 * called, so that `--help` works anywhere. */
export interface OpsPorts extends ServerPorts, CasePorts {
  /** Takes a catalogue file's JSON. Throws an Error whose message is for people. */
  importCatalogue(catalogue: unknown): Promise<ImportCounts>;
  print(text: string): void;
  printError(text: string): void;
}

/** Exit codes of the operator's commands. */
const exitCodes = { done: 0, failed: 1, wrongUsage: 2 } as const;

const catalogueHelp = `
FILE is a JSON array of products:
  [{"productId": "vps-103-181-91", "name": "🌊 103.181.91", "supplier": "smartvps",
    "packageName": "103.181.91", "sizes": [{"ramGb": 8, "pricePaise": 89900}]}]
  productId     letters, digits, dots, dashes and underscores
  supplier      "smartvps" or "hostycare"
  packageName   the supplier's name of the package
  packageId     optional: the supplier's id of the package; with it a rename is followed
  matchPolicy   optional: "exact" or "sameNetwork16"
  reserve       optional: addresses kept back
  sizes         memory in GB, and the price in paise
Nothing is written while anything in the file is wrong. Products that it leaves out stay as they are.

Environment: MONGODB_URI (required), POLICY_FILE (defaults of matchPolicy and reserve).
Exit codes: 0 done, 1 failed, 2 wrong usage.`;

/** Runs one command of the operator, e.g. `["products", "import", "catalogue.json"]`; resolves with its exit code. */
export async function runOps(ports: OpsPorts, args: readonly string[]): Promise<number> {
  try {
    await createProgram(ports).parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has printed its help or its own complaint by now.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    ports.printError(error instanceof Error ? error.message : String(error));
    return exitCodes.failed;
  }
}

function createProgram(ports: OpsPorts): Command {
  const program = new Command('ops')
    .description("Harbourmaster's commands for operators.")
    .usage('<command> [options]   (npm run ops -- <command> [options])')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => ports.print(text.trimEnd()),
      writeErr: (text) => ports.printError(text.trimEnd()),
    })
    .showHelpAfterError('Run it with --help to see what it takes.');
  const products = program.command('products').description('What the shop sells.');
  products
    .command('import')
    .description('Brings products and packages up to a catalogue file; safe to repeat.')
    .argument('<FILE>', 'a JSON file')
    .option('--json', 'print the result as one line of JSON')
    .addHelpText('after', catalogueHelp)
    .action((file: string, options: { json?: boolean }) => importProducts(ports, { file, ...options }));
  addServerCommands(program, ports);
  addCaseCommands(program, ports);
  return program;
}

async function importProducts(ports: OpsPorts, input: { file: string; json?: boolean }): Promise<void> {
  const counts = await ports.importCatalogue(await readJson(input.file));
  const { created, updated, unchanged } = counts;
  const words = `Imported ${input.file}: ${created} created, ${updated} updated, ${unchanged} unchanged.`;
  ports.print(input.json ? JSON.stringify(counts) : words);
}
