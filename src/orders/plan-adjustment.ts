import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { formatMoney } from '../domain/money.ts';
import { adjustPrice, type PriceAdjustment, type SoldProduct } from '../domain/price-adjustment.ts';
import type { Adjustment, Remedy } from '../domain/remedy.ts';
import type { RemedyStep } from '../domain/remedy-step.ts';
import { packageDocumentId } from './catalogue.ts';
import type { OrderDocument } from './order-document.ts';
import { blockedStep, closePurchase, type PlanDependencies } from './plan-refund.ts';
import { endOtherServers, findCase, findKeptServer, isInHands, type KeptServer } from './remedy-servers.ts';

type Deps = { db: Collections; now: () => string };
type Wish = Pick<Remedy, 'productId' | 'amountPaise'>;

/** What `priceAdjustment` would do, or why it cannot: the catalogue is asked, nothing is written. */
export async function weighAdjustment(
  deps: Deps,
  order: OrderDocument,
  wish: Wish,
): Promise<{ adjusted: Adjustment } | { refused: string }> {
  const server = await findKeptServer(deps, order);
  if (!server) {
    return {
      refused: `No server was bought for order ${order._id}: there is none that the customer could keep.`,
    };
  }
  const found = await weigh(deps, { order, server, wish });
  if (found.kind === 'refused') return { refused: found.sentence };
  const { productId, productName, differencePaise } = found;
  const { purchaseId, ip } = server;
  const ordered = { orderedProductId: order.productId, orderedProductName: order.productName };
  return { adjusted: { purchaseId, ip, productId, productName, ...ordered, differencePaise } };
}

async function weigh(
  { db }: Deps,
  { order, server, wish }: { order: OrderDocument; server: KeptServer; wish: Wish },
): Promise<PriceAdjustment> {
  const products = await db.products.find({}).toArray();
  const packages = await db.packages.find({}).toArray();
  const nameOf = new Map(packages.map(({ _id, name }) => [_id, name]));
  const sold = products.map(
    ({ _id: productId, name, supplier, packageKey, sizes }): SoldProduct => ({
      productId,
      name,
      supplier,
      packageName: nameOf.get(packageDocumentId({ supplier, packageKey })) ?? packageKey,
      sizes,
    }),
  );
  const { supplier, amountPaise: paidPaise, currency } = order;
  return adjustPrice({
    orderId: order._id,
    ordered: {
      productId: order.productId,
      pricePaise: order.discount?.listPricePaise ?? paidPaise,
      // After a free month everything has gone back already.
      paidPaise: order.money === 'refunded' ? 0 : paidPaise,
      currency,
    },
    server: { supplier, ip: server.ip, ramGb: server.ramGb },
    products: sold,
    wish: { productId: wish.productId ?? null, amountPaise: wish.amountPaise ?? null },
  });
}

/**
 * The next step of the remedy `priceAdjustment`: what was sent is settled, the adjustment is written down and the order
 * renamed, then the server is delivered, the difference goes back and the customer is told; a remedy before this one, or
 * a retry, may have left other servers: they are ended.
 */
export async function planAdjustment(
  deps: PlanDependencies,
  input: { order: OrderDocument; workflowId: string; skip: readonly string[]; did: readonly string[] },
): Promise<RemedyStep> {
  const { db } = deps;
  const { order, workflowId, skip, did } = input;
  const open = await closePurchase(deps, order);
  if (open) return { kind: 'settle', purchaseId: open };
  const written = order.remedy?.adjustment ?? (await writeAdjustment(deps, { order, workflowId }));
  if ('refused' in written) {
    return (await findCase(deps, order)) ?? blockedStep(deps, { order, why: written.refused });
  }
  const { purchaseId, ip, differencePaise, productName } = written;
  if (!isInHands(order, purchaseId, did)) return { kind: 'deliver', purchaseId, ip };
  if (differencePaise > 0) {
    const paymentKey = order.paymentKey ?? '';
    const refunds = await db.refunds.find({ orderId: order._id, state: 'success' }).toArray();
    if (!refunds.some((refund) => refund.paymentKey === paymentKey && refund.part === 'difference')) {
      if (skip.includes(paymentKey)) return blockedStep(deps, { order });
      return { kind: 'refund', paymentKey, part: { name: 'difference', amountPaise: differencePaise } };
    }
  }
  if (!did.includes('apologise')) return { kind: 'apologise' };
  const other = await endOtherServers(deps, { orderId: order._id, purchaseId });
  if (other) return other;
  await db.orders.updateOne(
    { _id: order._id, owner: workflowId, 'remedy.workflowId': workflowId },
    { $set: { needsReprovision: null } },
  );
  const back = formatMoney({ amountMinor: differencePaise, currency: order.currency });
  return {
    kind: 'settled',
    ip,
    text: `The customer has ${ip} as ${productName}; ${back} of the price went back.`,
  };
}

/** Once, by conditional update: a change of the catalogue does not change what was decided. */
async function writeAdjustment(
  deps: Deps,
  { order, workflowId }: { order: OrderDocument; workflowId: string },
): Promise<Adjustment | { refused: string }> {
  const { db } = deps;
  const found = await weighAdjustment(deps, order, order.remedy ?? {});
  if ('refused' in found) return found;
  const { productId, productName } = found.adjusted;
  const renamed = { productName, ...(productId === null ? {} : { productId }) };
  await db.orders.updateOne(
    { _id: order._id, owner: workflowId, 'remedy.workflowId': workflowId, 'remedy.adjustment': null },
    { $set: { 'remedy.adjustment': found.adjusted, ...renamed } },
  );
  const now = await db.orders.findOne({ _id: order._id });
  if (now?.remedy?.adjustment) return now.remedy.adjustment;
  throw new BrokenRecord(`Failed to adjust the price of order ${order._id}: it belongs to another workflow.`);
}
