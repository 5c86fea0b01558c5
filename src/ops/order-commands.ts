import { type Command, InvalidArgumentError, Option } from 'commander';
import { describeDuration } from '../domain/duration.ts';
import { type FailureCode, failureCodes, type OrderStatus, orderStatuses } from '../domain/order.ts';
import type { OrderLine, OrderReport, StuckOrder } from '../domain/order-report.ts';
import { formatMoment } from '../domain/shop-time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, AlreadyTold, sayOutcome, takeActOptions } from './act-command.ts';
import { describeOrder } from './describe-order.ts';

export interface OrderQuery {
  status: OrderStatus | null;
  code: FailureCode | null;
  packageKey: string | null;
  email: string | null;
  limit: number;
}

export interface OrderPorts {
  /** Newest first. */
  listOrders(query: OrderQuery): Promise<OrderLine[]>;
  reportOrder(input: { orderId: string }): Promise<OrderReport | null>;
  findStuckOrders(): Promise<StuckOrder[]>;
  allowReveal(input: { orderId: string; by: string; reason: string | null }): Promise<Verdict>;
  /** IANA zone in which moments are shown. */
  shopTimeZone(): string;
  print(text: string): void;
}

const listHelp = `
Examples:
  npm run ops -- orders list --status failed
  npm run ops -- orders list --code wrongPackage --package 103.181.91
  npm run ops -- orders list --email customer@example.com --json
The customer is asked by and never shown. --code means failed orders.`;

const showHelp = `
Says the status in words, why, what happens next by itself and when, what you can do, and everything that is on
record: payments, purchases, servers, mails, what admins did, and the timeline.

Example: npm run ops -- orders show ord-01m7z22vtkd37c4mpb6p`;

const stuckHelp = `
An order is stuck past the bound of its status (docs/operations.md has the table). Normally there is none; the exit
code is 1 where there is one. Orders behind a paused package wait on purpose and do not count.

Example: npm run ops -- orders stuck`;

interface ListOptions {
  status?: OrderStatus;
  code?: FailureCode;
  package?: string;
  email?: string;
  limit: number;
  json?: boolean;
}

/** Adds `orders list`, `show`, `stuck` and `show-login-again`. */
export function addOrderCommands(orders: Command, ports: OrderPorts, actor: string): void {
  orders
    .command('list')
    .description('Orders with their status, newest first.')
    .addOption(new Option('--status <status>', 'only these').choices(orderStatuses))
    .addOption(
      new Option('--code <code>', 'only those that failed so').choices(failureCodes).conflicts('status'),
    )
    .option('--package <name>', "the package's name at import, e.g. 103.181.91")
    .option('--email <address>', "the customer's address, exactly")
    .option('--limit <number>', 'how many at most', readLimit, 50)
    .option('--json', 'print one line of JSON')
    .addHelpText('after', listHelp)
    .action((options: ListOptions) => list(ports, options));
  orders
    .command('show')
    .description('Everything about one order.')
    .argument('<ORDER_ID>')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', showHelp)
    .action((orderId: string, options: { json?: boolean }) => show(ports, { orderId, ...options }));
  orders
    .command('stuck')
    .description('Orders that are past their bound: normally none.')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', stuckHelp)
    .action((options: { json?: boolean }) => listStuck(ports, options));
  takeActOptions(orders.command('show-login-again'), actor, { needsReason: true })
    .description("Lets the login of an order's server be shown once more on the admin site.")
    .argument('<ORDER_ID>')
    .action(async (orderId: string, options: ActOptions) => {
      const { by, reason = null, json } = options;
      const outcome = await ports.allowReveal({ orderId, by, reason });
      sayOutcome(ports, { action: `let the login of order ${orderId} be shown again`, outcome, json });
    });
}

/** A number of rows, 1 to 1,000. */
export function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000) return limit;
  throw new InvalidArgumentError('It is not a whole number from 1 to 1000.');
}

async function list(ports: OrderPorts, options: ListOptions): Promise<void> {
  const { status = null, code = null, package: packageKey = null, email = null, limit, json } = options;
  const orders = await ports.listOrders({ status, code, packageKey, email, limit });
  if (json) return ports.print(JSON.stringify(orders));
  for (const order of orders) ports.print(describeLine(order, ports.shopTimeZone()));
  ports.print(orders.length === 1 ? '1 order.' : `${orders.length} orders.`);
}

/** An order in two lines: what it is, and what comes next. */
export function describeLine(order: OrderLine, timeZone: string): string {
  const { orderId, packageKey, failureCode, statusText, next } = order;
  const age = describeDuration(order.ageSeconds * 1000);
  const code = failureCode === null ? '' : `  [${failureCode}]`;
  const by = next === null ? '' : `\n  next: ${sayNext(next, timeZone)}`;
  return `${orderId}  ${packageKey}  for ${age}${code}  ${statusText}${by}`;
}

/** What happens next by itself, and when. */
export function sayNext({ text, at }: { text: string; at: string | null }, timeZone: string): string {
  return at === null ? text : `${text} (${formatMoment({ at, timeZone })})`;
}

async function show(ports: OrderPorts, input: { orderId: string; json?: boolean }): Promise<void> {
  const report = await ports.reportOrder(input);
  if (report === null) throw new Error(`Failed to show order ${input.orderId}: there is no such order.`);
  ports.print(input.json ? JSON.stringify(report) : describeOrder(report, ports.shopTimeZone()));
}

async function listStuck(ports: OrderPorts, { json }: { json?: boolean }): Promise<void> {
  const stuck = await ports.findStuckOrders();
  if (json) ports.print(JSON.stringify(stuck));
  else if (stuck.length === 0) ports.print('No order is stuck.');
  if (stuck.length === 0) return;
  const zone = ports.shopTimeZone();
  const lines = stuck.map((order) => `${describeLine(order, zone)}\n  bound: ${sayBound(order)}`);
  const told = `Failed: ${stuck.length} past their bound. See "Stuck orders" in docs/operations.md.`;
  if (!json) for (const line of lines) ports.print(line);
  throw json ? new AlreadyTold(told) : new Error(told);
}

function sayBound({ boundSeconds }: StuckOrder): string {
  return describeDuration(boundSeconds * 1000);
}
