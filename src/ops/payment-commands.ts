import type { Command } from 'commander';
import { formatMoney } from '../domain/money.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';

interface PaymentLine {
  /** `<gateway>:<paymentId>`. */
  paymentKey: string;
  orderId: string;
  amountPaise: number;
  currency: string;
  verdict: string | null;
  paidAt: string;
  /** True while money of it is owed to the customer. */
  owedBack: boolean;
  refunds: { refundId: string; amountPaise: number; state: string; why: string | null }[];
}

interface ReturnAct {
  paymentKey: string;
  by: string;
  reason: string | null;
}

export interface PaymentPorts {
  listPayments(input: { orderId: string | null }): Promise<PaymentLine[]>;
  retryReturn(act: ReturnAct): Promise<Verdict>;
  returnedByHand(act: ReturnAct & { reference: string }): Promise<Verdict>;
  print(text: string): void;
}

const returnedHelp = `
Only where the gateway does not give the money back: it is recorded under the reference of your transfer, and the
gateway is asked no more.

Example: npm run ops -- payments returned cashfree:1000137 --reference "UTR 1234"`;

/** Adds `payments list`, `retry` and `returned`. */
export function addPaymentCommands(program: Command, ports: PaymentPorts, actor: string): void {
  const payments = program.command('payments').description('Captured payments, and what goes back of them.');
  payments
    .command('list')
    .description('Payments of which money is owed to a customer; with --order all of that order.')
    .option('--order <ORDER_ID>', 'all payments of this order')
    .option('--json', 'print one line of JSON')
    .action((options: { order?: string; json?: boolean }) => list(ports, options));
  takeActOptions(payments.command('retry'), actor)
    .description('Asks the gateway again for a payment that it does not give back.')
    .argument('<PAYMENT>', 'as in the list: gateway:id')
    .action(async (paymentKey: string, options: ActOptions) => {
      const { by, reason = null, json } = options;
      const outcome = await ports.retryReturn({ paymentKey, by, reason });
      sayOutcome(ports, { action: `give ${paymentKey} back`, outcome, json });
    });
  takeActOptions(payments.command('returned'), actor)
    .description('Records that you have given a payment back outside the gateway.')
    .argument('<PAYMENT>', 'as in the list: gateway:id')
    .requiredOption('--reference <text>', 'the reference of the transfer')
    .addHelpText('after', returnedHelp)
    .action(async (paymentKey: string, options: ActOptions & { reference: string }) => {
      const { by, reason = null, json, reference } = options;
      const outcome = await ports.returnedByHand({ paymentKey, by, reason, reference });
      sayOutcome(ports, { action: `record the return of ${paymentKey}`, outcome, json });
    });
}

async function list(ports: PaymentPorts, { order, json }: { order?: string; json?: boolean }): Promise<void> {
  const payments = await ports.listPayments({ orderId: order ?? null });
  if (json) return ports.print(JSON.stringify(payments));
  for (const payment of payments) ports.print(describe(payment));
  ports.print(`${payments.length} payments.`);
}

function describe({
  paymentKey,
  orderId,
  amountPaise,
  currency,
  verdict,
  owedBack,
  refunds,
}: PaymentLine): string {
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency });
  const parts = [
    paymentKey,
    `order ${orderId}`,
    money(amountPaise),
    verdict ?? 'not judged',
    ...(owedBack ? ['owed to the customer'] : []),
    ...refunds.map(
      (one) => `${one.refundId} ${money(one.amountPaise)} ${one.state}${one.why ? ` (${one.why})` : ''}`,
    ),
  ];
  return parts.join('  ');
}
