import type { Collections } from '../database.ts';
import type { GatewayName } from '../domain/order.ts';
import { GatewayError } from './gateway.ts';

/** Neither the database nor the gateway could say whose payment it is: the webhook must come again. */
export class GatewayUnavailable extends Error {
  readonly code = 'gatewayUnavailable';
  override name = 'GatewayUnavailable';
}

/**
 * Our order id for a payment whose webhook names the gateway's order alone: by the checkout that we stored, else by
 * the gateway itself, so that a payment is taken with either of them away. An order that neither knows keeps the
 * gateway's id: its payment is then recorded as nobody's.
 * @throws GatewayUnavailable where one does not know it and the other gives no answer.
 */
export async function findGatewayOrder(
  deps: {
    db: Pick<Collections, 'orders'>;
    askGateway: (input: { gatewayOrderId: string }) => Promise<string | null>;
  },
  { gateway, gatewayOrderId }: { gateway: GatewayName; gatewayOrderId: string },
): Promise<string> {
  const stored = await storedOrder(deps.db, { gateway, gatewayOrderId });
  if (stored.kind === 'found') return stored.orderId;
  try {
    const said = await deps.askGateway({ gatewayOrderId });
    if (said !== null && said !== '') return said;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw new GatewayUnavailable(`Failed to find the order of ${gatewayOrderId}. ${error.message}`);
  }
  if (stored.kind === 'unknown') return gatewayOrderId;
  throw new GatewayUnavailable(
    `Failed to find the order of ${gatewayOrderId}: the database cannot be reached.`,
  );
}

type Stored = { kind: 'found'; orderId: string } | { kind: 'unknown' } | { kind: 'unreachable' };

async function storedOrder(
  db: Pick<Collections, 'orders'>,
  filter: { gateway: GatewayName; gatewayOrderId: string },
): Promise<Stored> {
  try {
    const order = await db.orders.findOne(filter, { projection: { _id: 1 } });
    return order === null ? { kind: 'unknown' } : { kind: 'found', orderId: order._id };
  } catch {
    return { kind: 'unreachable' };
  }
}
