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

interface Judged {
  product: ProductDocument;
  pool: PackageDocument;
  policy: StockMarks;
  result: Told;
}

interface JudgingDependencies {
  db: Pick<Collections, 'products'>;
  /** ISO UTC. */
  now: () => string;
  log: StockLog;
}

/** Stops or resumes the sale of one product by what its package's level says; a person's word stands. */
export async function judgeProduct(deps: JudgingDependencies, input: Judged): Promise<void> {
  const { product, pool, policy } = input;
  const now = deps.now();
  const marks = marksOf(policy, product.marks);
  const verdict = judgeSale({ level: stockLevelOf(pool), disabled: product.disabled, marks, now });
  if (verdict.kind === 'disable') await stopSale(deps, input, { note: verdict.note, at: now });
  else if (verdict.kind === 'enable')
    await resumeSale(deps, input, { available: verdict.available, at: now });
  else tellAgain(input, now);
}

async function stopSale(
  { db, log }: JudgingDependencies,
  input: Judged,
  { note, at }: { note: string; at: string },
): Promise<void> {
  const { product, pool, result } = input;
  const disabled = { note, at, by: monitorName, auto: true };
  const stopped = await db.products.updateOne({ _id: product._id, disabled: null }, { $set: { disabled } });
  if (stopped.matchedCount === 0) return;
  log.warn({ productId: product._id, packageName: pool.name }, note);
  result.sync.disabled.push(product._id);
  result.facts.push(stoppedFact(input, { note, at }));
}

async function resumeSale(
  { db, log }: JudgingDependencies,
  input: Judged,
  resumed: { available: number; at: string },
): Promise<void> {
  const { product, pool, result } = input;
  const { _id: productId, disabled } = product;
  const resumedNow = await db.products.updateOne(
    { _id: productId, 'disabled.auto': true, 'disabled.at': disabled?.at ?? '' },
    { $set: { disabled: null, resumed } },
  );
  if (resumedNow.matchedCount === 0) return;
  const { available } = resumed;
  log.info({ productId, packageName: pool.name, available }, 'The product is sold again');
  result.sync.enabled.push(productId);
  result.facts.push(resumedFact(input, resumed));
}

/** The mail of a switch may have been lost with the run that made it; told twice, it is sent once. */
function tellAgain(input: Judged, now: string): void {
  const { disabled, resumed } = input.product;
  const isFresh = (at: string) => Date.parse(now) - Date.parse(at) < tellForMs;
  if (disabled?.auto === true && isFresh(disabled.at)) input.result.facts.push(stoppedFact(input, disabled));
  if (disabled === null && resumed && isFresh(resumed.at))
    input.result.facts.push(resumedFact(input, resumed));
}

type Fact = Told['facts'][number];

function stoppedFact(input: Judged, { note, at }: { note: string; at: string }): Fact {
  const notice = { kind: 'saleStopped', ...aboutOf(input), note } as const;
  return { factId: `saleStopped:${notice.productId}:${at}`, notice };
}

function resumedFact(input: Judged, { available, at }: { available: number; at: string }): Fact {
  const notice = { kind: 'saleResumed', ...aboutOf(input), available } as const;
  return { factId: `saleResumed:${notice.productId}:${at}`, notice };
}

function aboutOf({ product: { _id: productId, name: productName }, pool }: Judged) {
  return { productId, productName, packageName: pool.name };
}
