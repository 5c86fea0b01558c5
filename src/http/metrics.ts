import { Gauge, Registry } from 'prom-client';
import type { ShopFigures } from '../domain/shop-figures.ts';
import type { HttpDeps } from './ports.ts';
import type { Reply, RouteRequest } from './route.ts';

/** `GET /metrics`: open to whoever reaches us, and therefore without ids, names or addresses of anybody. */
export async function tellFigures(_request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const registry = new Registry();
  fill(registry, await ports.measure());
  return { status: 200, contentType: registry.contentType, text: await registry.metrics() };
}

function fill(registry: Registry, figures: ShopFigures): void {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `harbourmaster_${name}`, help, labelNames, registers: [registry] });
  const orders = gauge('orders', 'Orders by status; failed ones by their code too.', ['status', 'code']);
  for (const { status, code, count } of figures.orders) orders.set({ status, code: code ?? '' }, count);
  gauge('orders_past_bound', 'Open orders that are longer in their status than its bound; normally 0.').set(
    figures.ordersPastBound,
  );
  const waiting = gauge('lock_waiting_orders', 'Orders that wait for the lock of their package.', [
    'package',
  ]);
  const oldest = gauge('lock_wait_oldest_seconds', 'How long the oldest of them has waited.', ['package']);
  for (const { packageKey, count, oldestSeconds } of figures.lockWaits) {
    waiting.set({ package: packageKey }, count);
    oldest.set({ package: packageKey }, oldestSeconds);
  }
  const purchases = gauge('purchases', 'Purchases by their outcome so far.', ['supplier', 'outcome']);
  for (const { supplier, state, count } of figures.purchases) {
    purchases.set({ supplier, outcome: state }, count);
  }
}
