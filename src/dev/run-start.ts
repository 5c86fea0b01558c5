import { shutdownRequested } from '../shutdown.ts';
import { startEmbeddedStack } from './embedded-stack.ts';
import { orderSearchAttributes } from './order-search-attributes.ts';
import type { DemoOrder } from './place-demo-order.ts';
import { createRunningParts, type RunningParts } from './running-parts.ts';
import { StackError } from './stack-error.ts';
import { placeFirstOrder } from './start-order.ts';
import { type Shop, startShop } from './start-shop.ts';
import { sayMemory, summariseShop } from './start-summary.ts';

type Log = (line: string) => void;

/** Ports that people can remember; a taken one is replaced by a free one. */
const ports = { temporal: 7_233, ui: 8_233, mongodb: 27_018 };

/**
 * The whole service with everything around it, and one demo order; stays up until it is asked to end (exit code 0)
 * or a part dies (1). Everything that must outlast it is in `dataDir`.
 */
export async function runStart({ dataDir, log }: { dataDir: string; log: Log }): Promise<number> {
  const asked = shutdownRequested().then((why) => ({ code: 0, why: `Stopping (${why}).` }));
  const starting = startEmbeddedStack({ dataDir, ports, searchAttributes: orderSearchAttributes, log });
  const stack = await Promise.race([starting, asked]);
  if ('code' in stack) return stack.code;
  const parts = createRunningParts();
  const died = Promise.race([parts.died, stack.died]).then((why) => ({ code: 1, why }));
  const serving = serve({ stack, dataDir, parts, log });
  try {
    const { code, why } = await Promise.race([asked, died, serving]);
    if (code === 0) log(why);
    else console.error(why);
    return code;
  } finally {
    // API, worker, simulator, then what they all need.
    await parts.stop();
    await stack.stop();
  }
}

/** Never resolves: what is up stays up. Rejects where something cannot be started. */
async function serve(input: {
  stack: Awaited<ReturnType<typeof startEmbeddedStack>>;
  dataDir: string;
  parts: RunningParts;
  log: Log;
}): Promise<never> {
  const { stack, parts, log } = input;
  const shop = await startShop(input);
  const order = await firstOrder(shop, log);
  const temporalUi = shop.env.TEMPORAL_UI_URL ?? stack.temporalUi;
  log(summariseShop({ shop, temporalUi, order }));
  const memory = sayMemory(parts);
  if (memory !== null) log(memory);
  log('Everything is up. Ctrl-C ends it.');
  return new Promise(() => undefined);
}

/** The demo order; null where there is none. An order that is not delivered is no reason to take all down. */
async function firstOrder(shop: Shop, log: Log): Promise<DemoOrder | null> {
  const { simulator } = shop;
  if (!shop.isDemo || simulator === null) {
    log(
      'No demo order: supplier or gateway is a real one, where it would cost money or cannot be paid from here.',
    );
    return null;
  }
  try {
    return await placeFirstOrder({ ...shop, simulator }, log);
  } catch (thrown) {
    if (!(thrown instanceof StackError)) throw thrown;
    log(thrown.message);
    return null;
  }
}
