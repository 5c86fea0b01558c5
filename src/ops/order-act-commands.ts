import { type Command, InvalidArgumentError, Option } from 'commander';
import { type FailureCode, failureCodes, type OrderStatus } from '../domain/order.ts';
import type { PurchaseResolution } from '../domain/purchase-resolution.ts';
import { type RemedyOption, remedyLetters, remedyOptions } from '../domain/remedy.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';
import { type ResolveOptions, readResolution, takeResolveOptions } from './case-commands.ts';
import { retryByCode } from './retry-by-code.ts';

interface OrderWish {
  orderId: string;
  by: string;
  reason?: string;
}

export type OrderOutcome =
  | { kind: 'accepted'; orderId: string; orderStatus: OrderStatus; next: string }
  | { kind: 'refused'; orderStatus: OrderStatus; since: string; ageSeconds: number; sentence: string }
  | { kind: 'notFound' }
  | { kind: 'unavailable'; sentence: string };

export interface OrderActPorts {
  retryOrder(wish: OrderWish): Promise<OrderOutcome>;
  cancelOrder(wish: OrderWish): Promise<OrderOutcome>;
  compensateOrder(
    wish: OrderWish & { option: RemedyOption; productId?: string; amountPaise?: number; reference?: string },
  ): Promise<OrderOutcome>;
  /** Settles the case that the order waits for. */
  resolveOrder(input: {
    orderId: string;
    resolution: PurchaseResolution;
  }): Promise<Verdict | { kind: 'notFound' }>;
  /** Ids of the failed orders with this code, the oldest first. */
  listFailed(input: { code: FailureCode }): Promise<{ orderId: string; statusText: string }[]>;
  print(text: string): void;
  printError(text: string): void;
}

const retryHelp = `
What was bought so far is verified, then the order continues. At worst it is refused, with the reason.

Examples:
  npm run ops -- orders retry ord-01m7z22vtkd37c4mpb6p --reason "stock is back"
  npm run ops -- orders retry --code supplierUnreachable --dry-run
  npm run ops -- orders retry --code supplierUnreachable --reason "SmartVPS answers again"
With --code every failed order of that code is retried, one after another; a refusal stops nothing, and the exit code
is 1 where there was one.`;

const cancelHelp = `
An unpaid order is cancelled at once. A paid one gets its money back first, as long as nothing was sent to the
supplier for it; later use: orders compensate ORDER_ID --option refund.

Example: npm run ops -- orders cancel ord-01m7z22vtkd37c4mpb6p --reason "the customer asked for it"`;

const compensateHelp = `
Begins a remedy for a failed or delivered order. It goes on by itself, also through restarts; money that has gone back
is never sent twice. What the remedy lacks is said at once, and nothing changes.
  A  reprovision         the right server is bought and mailed, then the wrong one is ended
  B  priceAdjustment     the customer keeps the server, the difference goes back, with an apology and a discount code
  C  refundAndFreeMonth  all goes back, the server stays a month, with links to renew or to switch
     refund              all goes back, then any server is taken back

Examples:
  npm run ops -- orders compensate ord-01m7z22vtkd37c4mpb6p --option refund --reason "sold out for weeks"
  npm run ops -- orders compensate ord-01m7z22vtkd37c4mpb6p --option B --amount 10000 --reason "agreed by phone"`;

const resolveHelp = `
Settles the order's case by your word; it is checked as settling is. Look in the supplier's panel first.

Examples:
  npm run ops -- orders resolve ord-01m7z22vtkd37c4mpb6p --outcome bought --ip 103.181.91.7 --reason "seen in the panel"
  npm run ops -- orders resolve ord-01m7z22vtkd37c4mpb6p --outcome notBought`;

interface RetryOptions extends ActOptions {
  code?: FailureCode;
  dryRun?: boolean;
}

interface CompensateOptions extends ActOptions {
  option: string;
  product?: string;
  amount?: number;
  reference?: string;
}

/** Adds `orders retry`, `cancel`, `compensate` and `resolve`. */
export function addOrderActCommands(orders: Command, ports: OrderActPorts, actor: string): void {
  const retry = orders.command('retry').description('Verifies what was bought so far, then continues.');
  takeActOptions(retry, actor)
    .argument('[ORDER_ID]')
    .addOption(new Option('--code <code>', 'all orders that failed so').choices(failureCodes))
    .option('--dry-run', 'with --code: only list them')
    .addHelpText('after', retryHelp)
    .action((orderId: string | undefined, options: RetryOptions) =>
      retryOneOrAll(ports, { command: retry, orderId, options }),
    );
  takeActOptions(orders.command('cancel'), actor)
    .description('Cancels an order of which the supplier has not heard.')
    .argument('<ORDER_ID>')
    .addHelpText('after', cancelHelp)
    .action(async (orderId: string, options: ActOptions) => {
      sayAct(ports, {
        verb: 'cancel',
        orderId,
        options,
        outcome: await ports.cancelOrder(wishOf(orderId, options)),
      });
    });
  takeActOptions(orders.command('compensate'), actor)
    .description('Begins a remedy for the customer.')
    .argument('<ORDER_ID>')
    .addOption(
      new Option('--option <remedy>', 'what is done; A, B, C for the first three')
        .choices([...remedyOptions, ...Object.keys(remedyLetters)])
        .makeOptionMandatory(),
    )
    .option('--product <PRODUCT_ID>', 'of priceAdjustment: what the server is sold as')
    .option('--amount <paise>', 'of priceAdjustment: what goes back', readPaise)
    .option('--reference <text>', 'of refundedByHand: how it was paid')
    .addHelpText('after', compensateHelp)
    .action((orderId: string, options: CompensateOptions) => compensate(ports, orderId, options));
  takeResolveOptions(orders.command('resolve'), actor)
    .description("Settles the order's case by your word.")
    .argument('<ORDER_ID>')
    .addHelpText('after', resolveHelp)
    .action((orderId: string, options: ResolveOptions) => resolve(ports, orderId, options));
}

function readPaise(text: string): number {
  const amountPaise = Number(text);
  if (Number.isSafeInteger(amountPaise) && amountPaise > 0) return amountPaise;
  throw new InvalidArgumentError('It is not a whole number of paise above 0.');
}

function wishOf(orderId: string, { by, reason }: ActOptions): OrderWish {
  return { orderId, by, ...(reason === undefined ? {} : { reason }) };
}

async function retryOneOrAll(
  ports: OrderActPorts,
  { command, orderId, options }: { command: Command; orderId: string | undefined; options: RetryOptions },
): Promise<void> {
  const { code, dryRun = false } = options;
  if ((orderId === undefined) === (code === undefined)) {
    command.error('error: name one ORDER_ID, or say --code.');
  }
  if (dryRun && code === undefined) command.error('error: --dry-run goes with --code.');
  if (code !== undefined) return retryByCode(ports, { ...options, code, dryRun });
  const wish = wishOf(orderId ?? '', options);
  sayAct(ports, { verb: 'retry', orderId: wish.orderId, options, outcome: await ports.retryOrder(wish) });
}

async function compensate(ports: OrderActPorts, orderId: string, options: CompensateOptions): Promise<void> {
  const { product: productId, amount: amountPaise, reference } = options;
  const option = remedyOptions.find((known) => known === (remedyLetters[options.option] ?? options.option));
  if (option === undefined) throw new Error(`Failed to compensate order ${orderId}: no such remedy.`);
  const outcome = await ports.compensateOrder({
    ...wishOf(orderId, options),
    option,
    ...(productId === undefined ? {} : { productId }),
    ...(amountPaise === undefined ? {} : { amountPaise }),
    ...(reference === undefined ? {} : { reference }),
  });
  sayAct(ports, { verb: 'compensate', orderId, options, outcome });
}

async function resolve(ports: OrderActPorts, orderId: string, options: ResolveOptions): Promise<void> {
  const outcome = await ports.resolveOrder({ orderId, resolution: readResolution(options) });
  if (outcome.kind === 'notFound') throw unknownOrder('resolve', orderId);
  sayOutcome(ports, { action: `resolve order ${orderId}`, outcome, json: options.json });
}

function sayAct(
  ports: OrderActPorts,
  input: { verb: string; orderId: string; options: ActOptions; outcome: OrderOutcome },
): void {
  const { verb, orderId, options, outcome } = input;
  if (outcome.kind === 'notFound') throw unknownOrder(verb, orderId);
  sayOutcome(ports, { action: `${verb} order ${orderId}`, outcome, json: options.json });
}

function unknownOrder(verb: string, orderId: string): Error {
  return new Error(`Failed to ${verb} order ${orderId}: there is no such order. See \`orders list\`.`);
}
