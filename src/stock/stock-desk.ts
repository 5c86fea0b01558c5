import type { DoneAct } from '../audit/audit-log.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { answerOf, type BookVerdict } from '../domain/verdict.ts';
import {
  listProductLines,
  type ProductChange,
  type ShownProduct,
  setProduct,
  setSale,
} from './product-desk.ts';
import {
  listStock,
  type OverviewDependencies,
  readOverview,
  type StockLine,
  type StockOverview,
} from './stock-overview.ts';

/** Who acts, and why. */
interface Said {
  by: string;
  reason: string | null;
}

/** What an operator sees of the stock and does about it, by page, API and command line alike. Acts are recorded. */
export interface StockDesk {
  listStock(input: { historyDays: number }): Promise<StockLine[]>;
  /** The same without history, and with the products as they are. */
  readStock(): Promise<StockOverview>;
  listProductLines(input: { historyDays: number }): Promise<ShownProduct[]>;
  setSale(input: Said & { productId: string; isSold: boolean }): Promise<BookVerdict>;
  setProduct(input: Said & ProductChange): Promise<BookVerdict>;
}

export function createStockDesk(deps: {
  db: OverviewDependencies['db'];
  readPolicy: () => Promise<ResolvedPolicy>;
  recordAct: (act: DoneAct) => Promise<void>;
  /** ISO UTC. */
  now: () => string;
}): StockDesk {
  const { db, now } = deps;
  const overview = async () => ({ db, now, policy: await deps.readPolicy() });
  const record = async (act: string, said: Said & { productId: string }, verdict: BookVerdict) => {
    const { productId, by, reason } = said;
    const subject = { kind: 'product' as const, id: productId };
    await deps.recordAct({ act, subject, by, reason, ...answerOf(verdict) });
    return verdict;
  };
  return {
    listStock: async (input) => listStock(await overview(), input),
    readStock: async () => readOverview(await overview(), { historyDays: 0 }),
    listProductLines: async (input) => listProductLines(await overview(), input),
    setSale: async (input) => {
      const act = input.isSold ? 'enableProduct' : 'disableProduct';
      return record(act, input, await setSale({ db, now }, input));
    },
    setProduct: async (input) => record('setProduct', input, await setProduct(await overview(), input)),
  };
}
