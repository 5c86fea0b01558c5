import { setTimeout as sleep } from 'node:timers/promises';
import { type ChaosService, productOf } from './chaos-service.ts';

/** One order as its customer sees it. */
export interface ChaosOrder {
  orderId: string;
  packageName: string;
  email: string;
}

const tryEveryMs = 500;

/** The package is at capacity: a customer chooses another shop. */
export const soldOut = Symbol('sold out');

/**
 * Checks out until it is answered with 201, with the same Idempotency-Key each time, and pays; the gateway repeats its
 * webhook until it is taken. Undefined where the time is over.
 */
export async function placeChaosOrder(
  service: ChaosService,
  wish: { number: number; packageName: string; until: number },
): Promise<ChaosOrder | typeof soldOut | undefined> {
  const { number, packageName, until } = wish;
  const email = `customer-${number}@example.com`;
  const body = {
    productId: productOf(packageName),
    ramGb: 8,
    os: 'Ubuntu 22',
    customer: { name: 'A Customer', email, phone: '+919876543210' },
  };
  while (Date.now() < until) {
    const orderId = await checkOut(service, body, `chaos-${number}`);
    if (orderId === soldOut) return soldOut;
    if (orderId !== undefined) {
      await service.simulator.pay({ orderId, delayMs: 1 });
      return { orderId, packageName, email };
    }
    await sleep(tryEveryMs);
  }
  return undefined;
}

async function checkOut(
  { apiUrl, secrets }: ChaosService,
  body: object,
  idempotencyKey: string,
): Promise<string | typeof soldOut | undefined> {
  try {
    const response = await fetch(`${apiUrl}/api/checkout`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secrets.storefrontToken}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { orderId?: string };
    if (response.status === 409) return soldOut;
    return response.status === 201 ? answer.orderId : undefined;
  } catch {
    return undefined;
  }
}

/** The admin's button; true where it was accepted. */
export async function pressRetry({ apiUrl, secrets }: ChaosService, orderId: string): Promise<boolean> {
  try {
    const response = await fetch(`${apiUrl}/api/orders/provision`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secrets.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ orderId, reason: 'chaos', by: 'chaos' }),
    });
    await response.body?.cancel();
    return response.status === 202;
  } catch {
    return false;
  }
}
