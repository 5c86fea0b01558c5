import type { FailureCode } from '../domain/order.ts';
import { AlreadyTold } from './act-command.ts';
import type { OrderActPorts, OrderOutcome } from './order-act-commands.ts';

interface Batch {
  code: FailureCode;
  dryRun: boolean;
  by: string;
  reason?: string;
  json?: boolean;
}

interface Retried {
  orderId: string;
  accepted: boolean;
  answer: string;
}

type Ports = Pick<OrderActPorts, 'listFailed' | 'retryOrder' | 'print' | 'printError'>;

/**
 * Retries every failed order of one code, the oldest first, a line each; neither a refusal nor a breakdown of one
 * stops the others. @throws at the end where there was one, so that the exit code says it.
 */
export async function retryByCode(ports: Ports, batch: Batch): Promise<void> {
  const { code, dryRun, json } = batch;
  const orders = await ports.listFailed({ code });
  // With --json the answer alone goes to standard output.
  const tell = json ? ports.printError : ports.print;
  tell(orders.length === 1 ? `1 order failed as ${code}.` : `${orders.length} orders failed as ${code}.`);
  if (dryRun) {
    for (const { orderId, statusText } of orders) tell(`${orderId}  ${statusText}`);
    if (json) ports.print(JSON.stringify({ code, dryRun, orders: orders.map(({ orderId }) => orderId) }));
    return;
  }
  const results: Retried[] = [];
  for (const [index, { orderId }] of orders.entries()) {
    const result = await retryOne(ports, { ...batch, orderId });
    results.push(result);
    tell(
      `[${index + 1}/${orders.length}] ${orderId}  ${result.accepted ? '' : 'not retried: '}${result.answer}`,
    );
  }
  const accepted = results.filter((result) => result.accepted).length;
  const refused = results.length - accepted;
  tell(`${accepted} retried, ${refused} not.`);
  if (json) ports.print(JSON.stringify({ code, dryRun, accepted, refused, orders: results }));
  if (refused > 0) throw new AlreadyTold(`${refused} orders were not retried.`);
}

async function retryOne(
  ports: Ports,
  { orderId, by, reason }: Batch & { orderId: string },
): Promise<Retried> {
  try {
    const wish = { orderId, by, ...(reason === undefined ? {} : { reason }) };
    const outcome = await ports.retryOrder(wish);
    return { orderId, accepted: outcome.kind === 'accepted', answer: answerOf(outcome) };
  } catch (error) {
    return { orderId, accepted: false, answer: error instanceof Error ? error.message : String(error) };
  }
}

function answerOf(outcome: OrderOutcome): string {
  if (outcome.kind === 'accepted') return outcome.next;
  return outcome.kind === 'notFound' ? 'There is no such order.' : outcome.sentence;
}
