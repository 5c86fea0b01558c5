import { type Command, Option } from 'commander';
import type { DiscountValue } from '../domain/discount.ts';
import { parseDurationMs } from '../domain/duration.ts';
import { formatMoney, parseRupees } from '../domain/money.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';

const states = ['free', 'held', 'used', 'expired', 'disabled'] as const;
type State = (typeof states)[number];

interface DiscountLine {
  code: string;
  state: State;
  value: DiscountValue;
  customerEmail: string | null;
  note: string;
  createdAt: string;
  expiresAt: string;
  orderId: string | null;
  disabled: null | { at: string; by: string; reason: string | null };
}

interface NewDiscountWish {
  /** Made up where it is null. */
  code: string | null;
  value: DiscountValue;
  customerEmail: string | null;
  expiresAt: string;
  by: string;
  reason: string | null;
}

export interface DiscountPorts {
  listDiscounts(input: { state: State | null }): Promise<DiscountLine[]>;
  findDiscount(input: { code: string }): Promise<DiscountLine | null>;
  createDiscount(wish: NewDiscountWish): Promise<DiscountLine>;
  disableDiscount(input: { code: string; by: string; reason: string | null }): Promise<Verdict>;
  print(text: string): void;
}

const createHelp = `
A code can be used by one order, once. The price after it is never below one rupee: what it is worth beyond is lost.
An unpaid order holds its code until it expires or is cancelled; a paid one has used it for good.

Examples:
  npm run ops -- discounts create --amount 100 --expires 30d --reason "apology"
  npm run ops -- discounts create --percent 20 --code DIWALI-20 --email ada@example.com --expires 2026-12-31`;

/** Adds `discounts list`, `show`, `create` and `disable`. */
export function addDiscountCommands(program: Command, ports: DiscountPorts, actor: string): void {
  const discounts = program.command('discounts').description('Single-use discount codes.');
  discounts
    .command('list')
    .description('The newest codes, with the orders that hold or have used them.')
    .addOption(new Option('--state <state>', 'only these').choices(states))
    .option('--json', 'print one line of JSON')
    .action((options: { state?: State; json?: boolean }) => list(ports, options));
  discounts
    .command('show')
    .description('One code.')
    .argument('<CODE>')
    .option('--json', 'print one line of JSON')
    .action((code: string, options: { json?: boolean }) => show(ports, code, options));
  takeActOptions(discounts.command('create'), actor)
    .description('Makes a code; where none is given, one that nobody can guess.')
    .option('--amount <rupees>', 'what it takes off, such as 100 or 99.50')
    .option('--percent <percent>', 'what it takes off, 1 to 100')
    .option('--code <CODE>', 'letters, digits and dashes, 4 to 40')
    .option('--email <address>', 'the one customer who may use it')
    .requiredOption('--expires <when>', 'a duration such as 30d, or a date such as 2026-12-31')
    .addHelpText('after', createHelp)
    .action((options: CreateOptions) => create(ports, options));
  takeActOptions(discounts.command('disable'), actor)
    .description('Takes a code out of use; an order that holds it keeps its price.')
    .argument('<CODE>')
    .action((code: string, options: ActOptions) => disable(ports, code, options));
}

interface CreateOptions extends ActOptions {
  amount?: string;
  percent?: string;
  code?: string;
  email?: string;
  expires: string;
}

async function list(ports: DiscountPorts, { state, json }: { state?: State; json?: boolean }): Promise<void> {
  const found = await ports.listDiscounts({ state: state ?? null });
  if (json) return ports.print(JSON.stringify(found));
  for (const line of found) ports.print(describe(line));
  ports.print(`${found.length} codes.`);
}

async function show(ports: DiscountPorts, code: string, { json }: { json?: boolean }): Promise<void> {
  const found = await ports.findDiscount({ code });
  if (found === null)
    throw new Error(`Failed to show ${code}: there is no such code. See \`discounts list\`.`);
  ports.print(json ? JSON.stringify(found) : describe(found));
}

async function create(ports: DiscountPorts, options: CreateOptions): Promise<void> {
  const { code = null, email = null, by, reason = null, json } = options;
  const wish = {
    code,
    customerEmail: email,
    by,
    reason,
    value: readValue(options),
    expiresAt: readEnd(options),
  };
  const made = await ports.createDiscount(wish);
  ports.print(json ? JSON.stringify(made) : describe(made));
}

async function disable(ports: DiscountPorts, code: string, options: ActOptions): Promise<void> {
  const { by, reason = null, json } = options;
  const outcome = await ports.disableDiscount({ code, by, reason });
  sayOutcome(ports, { action: `disable ${code}`, outcome, json });
}

function readValue({ amount, percent }: CreateOptions): DiscountValue {
  if ((amount === undefined) === (percent === undefined)) {
    throw new Error('Failed to make the discount: say --amount or --percent, one of them.');
  }
  if (percent !== undefined) {
    const value = /^\d{1,3}$/.test(percent) ? Number(percent) : 0;
    if (value >= 1 && value <= 100) return { kind: 'percent', percent: value };
    throw new Error(`Failed to make the discount: ${percent} is not a whole percentage from 1 to 100.`);
  }
  const amountPaise = parseRupees(amount ?? '');
  if (amountPaise !== undefined && amountPaise > 0) return { kind: 'amount', amountPaise };
  throw new Error(`Failed to make the discount: ${amount} is not an amount of rupees, such as 100 or 99.50.`);
}

/** A duration from now, or a date: its last moment in UTC. A bare number, which would be milliseconds, is neither. */
function readEnd({ expires }: CreateOptions): string {
  const durationMs = /[a-z]/i.test(expires) ? parseDurationMs(expires) : undefined;
  if (durationMs !== undefined && durationMs > 0) return new Date(Date.now() + durationMs).toISOString();
  const endMs = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(expires) ? `${expires}T23:59:59.999Z` : expires);
  const isDate = /^\d{4}-\d{2}-\d{2}/.test(expires);
  if (isDate && endMs > Date.now()) return new Date(endMs).toISOString();
  throw new Error(
    `Failed to make the discount: ${expires} is neither a duration such as 30d nor a date to come.`,
  );
}

function describe(line: DiscountLine): string {
  const { code, state, value, customerEmail, note, expiresAt, orderId, disabled } = line;
  const worth =
    value.kind === 'percent'
      ? `${value.percent} %`
      : formatMoney({ amountMinor: value.amountPaise, currency: 'INR' });
  return [
    code.padEnd(16),
    state.padEnd(8),
    worth.padEnd(10),
    `until ${expiresAt.slice(0, 16)}Z`,
    `for ${customerEmail ?? 'anybody'}`,
    ...(orderId === null ? [] : [`order ${orderId}`]),
    ...(disabled === null
      ? []
      : [`disabled by ${disabled.by}${disabled.reason ? `: ${disabled.reason}` : ''}`]),
    note,
  ].join('  ');
}
