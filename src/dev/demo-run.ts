import { setTimeout as sleep } from 'node:timers/promises';
import { orderStatuses } from '../domain/order.ts';
import { demoCatalogue } from './demo-catalogue.ts';
import { isAtRest, type ObservedOrder, type ObservedRun } from './demo-figures.ts';
import { type DemoService, nearNamePackage } from './demo-service.ts';
import type { OrderAnswer } from './storefront.ts';

type Log = (line: string) => void;

/** Orders that customers place at the same moment. */
export interface Rush {
  packageName: string;
  orders: number;
  /** What happens between the checkouts and the payments. */
  meanwhile?: () => Promise<unknown>;
}

/** How a rush is watched: a look at every order each `lookEveryMs`, and no longer than `until` (epoch ms). */
export interface Watch {
  label: string;
  lookEveryMs: number;
  until: number;
  log: Log;
}

/** What a rush left behind, and how close together its payments were. */
export interface RushResult {
  orders: ObservedOrder[];
  refused: number;
  paidWithinMs: number;
  seconds: number;
}

/** Places all orders at once, pays them at once, and watches until none is expected to move any more. */
export async function rush(service: DemoService, wish: Rush, watch: Watch): Promise<RushResult> {
  const { storefront, simulator } = service;
  const startedAt = Date.now();
  const answers = await Promise.all(
    Array.from({ length: wish.orders }, () => storefront.checkout(orderFor(wish.packageName))),
  );
  const placed = answers.filter(({ status }) => status === 201);
  const refusals = answers.filter(({ status }) => status !== 201);
  for (const { status, body } of refusals) {
    // 409 is "at capacity" or "not sold at present"; anything else would be a fault of the demo itself.
    if (status !== 409) throw new Error(`Failed to check out: HTTP ${status}. ${body.detail ?? ''}`);
  }
  const orderIds = placed.map(({ body }) => body.orderId);
  await wish.meanwhile?.();
  await Promise.all(orderIds.map((orderId) => simulator.pay({ orderId })));
  const paidWithinMs = await paymentSpanMs(service, orderIds);
  watch.log(`${watch.label}: ${orderIds.length} paid within ${paidWithinMs} ms`);
  const seen = await watchOrders(service, orderIds, watch);
  return {
    orders: seen.map((order) => observed(order, wish.packageName)),
    refused: refusals.length,
    paidWithinMs,
    seconds: Math.round((Date.now() - startedAt) / 100) / 10,
  };
}

/** Everything that the figures are made of, once the orders are at rest. */
export async function observe(service: DemoService, rushes: readonly RushResult[]): Promise<ObservedRun> {
  const [ledger, rows] = await Promise.all([
    service.simulator.ledger(),
    service.db.purchases.find().toArray(),
  ]);
  return {
    orders: rushes.flatMap(({ orders }) => orders),
    refused: rushes.reduce((sum, { refused }) => sum + refused, 0),
    purchases: rows.map(({ _id, packageName, state, sentAt, ip }) => ({
      purchaseId: _id,
      packageName,
      state,
      sentAt,
      ip,
    })),
    ledger,
    seconds: Math.round(rushes.reduce((sum, { seconds }) => sum + seconds, 0) * 10) / 10,
  };
}

function orderFor(packageName: string) {
  const product = demoCatalogue.find((candidate) => candidate.packageName === packageName);
  const productId = packageName === nearNamePackage ? 'vps-103-181-9' : product?.productId;
  return { productId: productId ?? packageName, ramGb: 8, os: 'Ubuntu 22' };
}

async function paymentSpanMs({ simulator }: DemoService, orderIds: readonly string[]): Promise<number> {
  const { payments } = await simulator.cashfree();
  const times = payments
    .filter(({ orderId }) => orderIds.includes(orderId))
    .map(({ paidAt }) => Date.parse(paidAt));
  return Math.max(...times) - Math.min(...times);
}

async function watchOrders(
  { storefront }: DemoService,
  orderIds: readonly string[],
  { label, lookEveryMs, until, log }: Watch,
): Promise<OrderAnswer[]> {
  let told = '';
  for (;;) {
    const orders = await Promise.all(orderIds.map((orderId) => storefront.order(orderId)));
    const words = inWords(orders);
    if (words !== told) log(`${label}: ${words}`);
    told = words;
    if (orders.every(isAtRest) || Date.now() >= until) return orders;
    await sleep(lookEveryMs);
  }
}

/** Statuses in the order of an order's life, with what makes each order special ("3rd", the failure) left out. */
function inWords(orders: readonly OrderAnswer[]): string {
  const words = (order: OrderAnswer) => order.statusText.replace(/( \(|: ).*$/s, '');
  return orderStatuses
    .map((status) => orders.filter((order) => order.status === status))
    .flatMap((group) => (group[0] ? [`${group.length} × ${words(group[0])}`] : []))
    .join(', ');
}

function observed(order: OrderAnswer, packageName: string): ObservedOrder {
  const { orderId, status, server, failure } = order;
  return { orderId, packageName, status, ip: server?.ip ?? null, failureCode: failure?.code ?? null };
}
