import type { Collections } from '../database.ts';
import type { ShopNotice } from '../domain/order-notice.ts';
import { stockLevelOf } from '../domain/stock-level.ts';
import type { StockMarks } from '../domain/stock-marks.ts';
import { judgeSale, marksOf } from '../domain/stock-marks.ts';
import type { PackageDocument, ProductDocument } from '../orders/catalogue.ts';

/** Who stopped a sale, where nobody did. */
const monitorName = 'stock monitor';
/** For so long a stopped sale is told by every sync, in case a mail server or a crash was in the way. */
const tellForMs = 3_600_000;

/** Members first, then the sentence. */
export interface StockLog {
  info: (fields: object, sentence: string) => void;
  warn: (fields: object, sentence: string) => void;
}

interface Told {
  sync: { disabled: string[]; enabled: string[] };
  facts: { factId: string; notice: ShopNotice }[];
}

/** Stops or resumes the sale of one product by what its package's level says; a person's word stands. */
export async function judgeProduct(
  deps: { db: Pick<Collections, 'products'>; now: () => string; log: StockLog },
  input: { product: ProductDocument; pool: PackageDocument; policy: StockMarks; result: Told },
): Promise<void> {
  const { db, now, log } = deps;
  const { product, pool, policy, result } = input;
  const { _id: productId, name: productName, disabled } = product;
  const about = { productId, productName, packageName: pool.name };
  const at = now();
  const verdict = judgeSale({
    level: stockLevelOf(pool),
    disabled,
    marks: marksOf(policy, product.marks),
    now: at,
  });
  if (verdict.kind === 'disable') {
    const { note } = verdict;
    const stop = { note, at, by: monitorName, auto: true };
    const stopped = await db.products.updateOne(
      { _id: productId, disabled: null },
      { $set: { disabled: stop } },
    );
    if (stopped.matchedCount === 0) return;
    log.warn({ productId, packageName: pool.name }, note);
    result.sync.disabled.push(productId);
    result.facts.push({
      factId: `saleStopped:${productId}:${at}`,
      notice: { kind: 'saleStopped', ...about, note },
    });
    return;
  }
  if (disabled?.auto !== true) return;
  if (verdict.kind === 'enable') {
    const { available } = verdict;
    const resumed = await db.products.updateOne(
      { _id: productId, 'disabled.auto': true, 'disabled.at': disabled.at },
      { $set: { disabled: null } },
    );
    if (resumed.matchedCount === 0) return;
    log.info({ productId, packageName: pool.name, available }, 'The product is sold again');
    result.sync.enabled.push(productId);
    result.facts.push({
      factId: `saleResumed:${productId}:${disabled.at}`,
      notice: { kind: 'saleResumed', ...about, available },
    });
  } else if (Date.parse(at) - Date.parse(disabled.at) < tellForMs) {
    const { note } = disabled;
    result.facts.push({
      factId: `saleStopped:${productId}:${disabled.at}`,
      notice: { kind: 'saleStopped', ...about, note },
    });
  }
}
