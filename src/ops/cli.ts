import { Command, CommanderError } from 'commander';
import { type ActOptions, AlreadyTold, takeActOptions } from './act-command.ts';
import { type AdminPorts, addAdminCommands } from './admin-commands.ts';
import { type AuditPorts, addAuditCommand } from './audit-command.ts';
import { addCaseCommands, type CasePorts } from './case-commands.ts';
import { addDiscountCommands, type DiscountPorts } from './discount-commands.ts';
import { addDoctorCommand, type DoctorPorts } from './doctor-command.ts';
import { addExamples } from './examples.ts';
import { addIncidentCommand, type IncidentPorts } from './incident-command.ts';
import { addLockCommands, type LockPorts } from './lock-commands.ts';
import { operatorName } from './operator-name.ts';
import { addOrderActCommands, type OrderActPorts } from './order-act-commands.ts';
import { addOrderCommands, type OrderPorts } from './order-commands.ts';
import { addPaymentCommands, type PaymentPorts } from './payment-commands.ts';
import { printable } from './printable.ts';
import { addProductActs, type ProductPorts } from './product-commands.ts';
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
export interface OpsPorts
  extends ServerPorts,
    CasePorts,
    OrderPorts,
    OrderActPorts,
    LockPorts,
    AdminPorts,
    IncidentPorts,
    AuditPorts,
    DiscountPorts,
    PaymentPorts,
    ProductPorts,
    DoctorPorts {
  /** `catalogue` is a file's JSON. Throws an Error whose message is for people. */
  importCatalogue(input: { catalogue: unknown; by: string; reason: string | null }): Promise<ImportCounts>;
}

/** Exit codes of the operator's commands; `failed` is also a refusal, and what was looked for and is not there. */
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

Example: npm run ops -- products import catalogue.json --reason "new prices"

Environment: MONGODB_URI (required), POLICY_FILE (defaults of matchPolicy and reserve).
Exit codes: 0 done, 1 failed, 2 wrong usage.`;

/** Runs one command of the operator, e.g. `["products", "import", "catalogue.json"]`; resolves with its exit code. */
export async function runOps(given: OpsPorts, args: readonly string[]): Promise<number> {
  const ports: OpsPorts = {
    ...given,
    print: (text) => given.print(printable(text)),
    printError: (text) => given.printError(printable(text)),
  };
  try {
    await createProgram(ports).parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has printed its help or its own complaint by now.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    if (!(error instanceof AlreadyTold)) {
      ports.printError(error instanceof Error ? error.message : String(error));
    }
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
    .showHelpAfterError('Run it with --help to see what it takes.')
    .addHelpText('after', programHelp);
  const actor = operatorName();
  const orders = program.command('orders').description('Look at orders, and decide about them.');
  addOrderCommands(orders, ports, actor);
  addOrderActCommands(orders, ports, actor);
  addLockCommands(program, ports, actor);
  addServerCommands(program, ports, actor);
  addCaseCommands(program, ports, actor);
  addProductCommands(program, ports, actor);
  addDiscountCommands(program, ports, actor);
  addPaymentCommands(program, ports, actor);
  addAdminCommands(program, ports, actor);
  addAuditCommand(program, ports);
  addIncidentCommand(program, ports);
  addDoctorCommand(program, ports);
  addExamples(program);
  return program;
}

const programHelp = `
Start with:
  npm run ops -- doctor                     is everything there and well?
  npm run ops -- orders list --status failed
  npm run ops -- orders show ORDER_ID       what goes on, what comes next, what you can do

Exit codes: 0 done, 1 refused, failed or not there, 2 wrong usage. --json prints one line for programs.`;

function addProductCommands(program: Command, ports: OpsPorts, actor: string): void {
  const products = program.command('products').description('What the shop sells.');
  takeActOptions(products.command('import'), actor)
    .description('Brings products and packages up to a catalogue file; safe to repeat.')
    .argument('<FILE>', 'a JSON file')
    .addHelpText('after', catalogueHelp)
    .action((file: string, options: ActOptions) => importProducts(ports, { file, ...options }));
  addProductActs(products, ports, actor);
}

async function importProducts(ports: OpsPorts, input: ActOptions & { file: string }): Promise<void> {
  const { file, by, reason = null, json } = input;
  const counts = await ports.importCatalogue({ catalogue: await readJson(file), by, reason });
  const { created, updated, unchanged } = counts;
  const words = `Imported ${file}: ${created} created, ${updated} updated, ${unchanged} unchanged.`;
  ports.print(json ? JSON.stringify(counts) : words);
}
