import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { type Collections, collectionsOf, prepareIndexes } from '../database.ts';
import { countOpen } from '../desk/count-open.ts';
import { listOrders, type OrderQuery } from '../desk/list-orders.ts';
import { benchEmail, benchPackages, fillOrders } from './bench-fill.ts';

const roundsOf = { real: 100, embedded: 3 } as const;
const ordersIn = { real: 100_000, embedded: 2_000 } as const;
const aimMs = 50;

interface Figure {
  list: string;
  p50Ms: number;
  p95Ms: number;
}

export interface BenchReport {
  database: 'real' | 'embedded';
  orders: number;
  fillSeconds: number;
  lists: Figure[];
  /** Null on the embedded database, which reads whole collections: its figure is only told. */
  aimMs: number | null;
  reached: boolean;
}

/**
 * Measures the lists of the admin site on a database of its own that is dropped afterwards: 100,000 orders on a MongoDB,
 * 2,000 on the embedded one.
 */
export async function benchPages({
  uri,
  log,
}: {
  uri: string;
  log: (line: string) => void;
}): Promise<BenchReport> {
  const client = await MongoClient.connect(uri);
  const raw = client.db(`bench_${randomUUID().replaceAll('-', '').slice(0, 12)}`);
  try {
    const info = await client.db('admin').command({ buildInfo: 1 });
    const database = 'ferretdb' in info || 'ferretdbVersion' in info ? 'embedded' : 'real';
    const orders = ordersIn[database];
    const db = collectionsOf(raw);
    await prepareIndexes(db);
    const startedAt = performance.now();
    await fillOrders(db, orders);
    const fillSeconds = Math.round((performance.now() - startedAt) / 100) / 10;
    log(`${orders} orders filled in ${fillSeconds} s (${database} database)`);
    const lists: Figure[] = [];
    for (const [list, query] of Object.entries(queries)) {
      lists.push({ list, ...(await measure(roundsOf[database], () => pageOf(db, query))) });
    }
    const isReal = database === 'real';
    const reached = !isReal || lists.every(({ p95Ms }) => p95Ms <= aimMs);
    return { database, orders, fillSeconds, lists, aimMs: isReal ? aimMs : null, reached };
  } finally {
    await raw.dropDatabase();
    await client.close();
  }
}

const all: OrderQuery = { status: null, code: null, packageKey: null, email: null, limit: 51 };
const dayMs = 24 * 60 * 60 * 1000;
const packageKey = benchPackages[1];
const queries: Readonly<Record<string, OrderQuery>> = {
  newest: all,
  'by status': { ...all, status: 'failed' },
  'by failure': { ...all, code: 'wrongPackage' },
  'by package': { ...all, packageKey },
  'by status and package': { ...all, status: 'active', packageKey },
  'by time': { ...all, to: new Date(Date.now() - dayMs).toISOString() },
  'by e-mail': { ...all, email: benchEmail },
};

/** What one page of the site asks for. */
async function pageOf(db: Collections, query: OrderQuery): Promise<void> {
  await Promise.all([listOrders({ db, now: () => new Date() }, query), countOpen(db)]);
}

async function measure(rounds: number, work: () => Promise<void>): Promise<Omit<Figure, 'list'>> {
  await work();
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await work();
    took.push(performance.now() - startedAt);
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return { p50Ms: Math.round(at(0.5) * 10) / 10, p95Ms: Math.round(at(0.95) * 10) / 10 };
}

/** The report for people. */
export function describeBench({ database, orders, lists, aimMs: aim, reached }: BenchReport): string {
  const rows = lists.map(
    ({ list, p50Ms, p95Ms }) =>
      `  ${list.padEnd(24)}${String(p50Ms).padStart(8)} ms${String(p95Ms).padStart(10)} ms`,
  );
  const verdict =
    aim === null
      ? 'No aim: the embedded database reads whole collections; a shop runs MongoDB.'
      : `Aim p95 <= ${aim} ms: ${reached ? 'reached' : 'MISSED'}.`;
  return [
    `Lists of the admin site, ${orders} orders, ${database} database`,
    `  ${'list'.padEnd(24)}     p50          p95`,
    ...rows,
    verdict,
  ].join('\n');
}
