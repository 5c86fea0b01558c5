import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { demoCatalogue } from './demo-catalogue.ts';
import { type DemoOrder, placeDemoOrder } from './place-demo-order.ts';
import { createSimulatorControl, type SimulatorControl } from './simulator-control.ts';
import { messageOf, StackError } from './stack-error.ts';
import { createStorefront } from './storefront.ts';

const readyLimitMs = 3 * 60_000;
const lookEveryMs = 500;

/**
 * Imports the demo catalogue and places one order against a service that runs elsewhere, whose supplier and gateway
 * are the simulator. Takes the API's own configuration. Throws `StackError` with the way out.
 */
export async function demoOrder(input: {
  config: Config<'api'>;
  importCatalogue: (catalogue: unknown) => Promise<unknown>;
  log: (line: string) => void;
}): Promise<DemoOrder> {
  const { config, importCatalogue, log } = input;
  const apiUrl = config.publicUrl;
  const simulator = createSimulatorControl(controlUrlOf(config.cashfree.baseUrl));
  log(`Waiting for the API at ${apiUrl}`);
  await untilReady(`${apiUrl}/readyz`);
  await importCatalogue(demoCatalogue).catch((thrown: unknown) => {
    throw new StackError(messageOf(thrown));
  });
  const { productId, sizes } = await productWithStock(simulator);
  const ramGb = Math.max(...sizes.map((size) => size.ramGb));
  log(`Placing one order: ${productId}, ${ramGb} GB, Ubuntu 22`);
  const delivered = await placeDemoOrder({
    storefront: createStorefront({ apiUrl, ...config.http }),
    simulator,
    productId,
    ramGb,
    os: 'Ubuntu 22',
    onStatus: ({ orderId, statusText }) => log(`${orderId}: ${statusText}`),
  });
  log(`Its customer's page: ${delivered.orderUrl}`);
  const { temporalUiUrl, temporal } = config;
  if (temporalUiUrl !== null) {
    log(
      `Its history: ${temporalUiUrl}/namespaces/${temporal.namespace}/workflows/order-${delivered.orderId}`,
    );
  }
  log(`Delivered order ${delivered.orderId}: ${delivered.ip}, ${delivered.seconds} s after the checkout`);
  return delivered;
}

/** The simulator serves gateway and control side by side; a real gateway has no such address. */
function controlUrlOf(cashfreeBaseUrl: string): string {
  if (cashfreeBaseUrl.endsWith('/cashfree')) return cashfreeBaseUrl.replace(/cashfree$/, 'simulator');
  throw new StackError(
    'Failed to place a demo order: CASHFREE_BASE_URL is not the simulator. Set it to http://HOST:PORT/cashfree.',
  );
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + readyLimitMs;
  while (!(await answersOk(url))) {
    if (Date.now() > deadline) {
      throw new StackError(
        `Failed to place a demo order: ${url} was not ready within ${readyLimitMs / 1_000} s. ` +
          "Open it to see what is missing, and look at the API's log.",
      );
    }
    await sleep(lookEveryMs);
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** The first product whose package can still sell: each demo order takes an address away for good. */
async function productWithStock(simulator: SimulatorControl) {
  const pools = await simulator.packages();
  const sells = (name: string) => pools.some((pool) => pool.name === name && pool.addresses.length > 0);
  const product = demoCatalogue.find(({ packageName }) => sells(packageName));
  if (product) return product;
  throw new StackError(
    'Failed to place a demo order: the simulator has sold every address of the demo catalogue. ' +
      'Start anew with empty data (with Docker: docker compose --profile demo down --volumes).',
  );
}
