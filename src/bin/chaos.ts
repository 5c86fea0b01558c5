import { parseArgs } from 'node:util';
import { runChaos } from '../dev/chaos-run.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { StackError } from '../dev/stack-error.ts';
import { shutdownRequested } from '../shutdown.ts';

await runDevCommand(async () => {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const asked = shutdownRequested().then((why) => {
    console.error(`Stopping (${why}).`);
    return 130;
  });
  const { json } = values;
  const run = { orders: wholeNumber('orders', values.orders), seed: wholeNumber('seed', values.seed), json };
  return Promise.race([runChaos(run), asked]);
});

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new StackError(`Failed to run chaos: --${name} is "${text}". Give a whole number from 1 up.`);
}
