import type { Collection } from 'mongodb';
import { insertOnce } from '../database.ts';

/** One point of a package's graph; null while nobody knew. */
export interface StockPoint {
  at: string;
  available: number | null;
}

/** A day (UTC) of a package (collection `stockHistory`, `_id` = `<package>:<yyyy-mm-dd>`): changes, and one an hour. */
export interface StockHistoryDocument {
  _id: string;
  poolId: string;
  day: string;
  points: StockPoint[];
}

type History = Collection<StockHistoryDocument>;

const keptDays = 30;
const dayMs = 24 * 60 * 60 * 1000;
const hourMs = 60 * 60 * 1000;

/** Adds a point where the count changed, or the last point is an hour old. */
export async function addStockPoint(
  stockHistory: History,
  { poolId, point }: { poolId: string; point: StockPoint },
): Promise<void> {
  const day = point.at.slice(0, 10);
  const _id = `${poolId}:${day}`;
  const known = await stockHistory.findOne({ _id });
  const last = known?.points.at(-1);
  if (last?.available === point.available && Date.parse(point.at) - Date.parse(last.at) < hourMs) return;
  if (!known && (await insertOnce(stockHistory, { _id, poolId, day, points: [point] }))) return;
  await stockHistory.updateOne({ _id }, { $push: { points: point } });
}

/** Forgets days that no graph shows any more. */
export async function forgetOldStock(stockHistory: History, now: string): Promise<void> {
  const day = new Date(Date.parse(now) - keptDays * dayMs).toISOString().slice(0, 10);
  await stockHistory.deleteMany({ day: { $lt: day } });
}

/** The points of the last `days` days by package, the oldest first; nothing is asked where `days` is 0. */
export async function readStockHistories(
  stockHistory: History,
  { poolIds, days, now }: { poolIds: readonly string[]; days: number; now: string },
): Promise<Map<string, StockPoint[]>> {
  if (days === 0 || poolIds.length === 0) return new Map();
  const shown = Array.from({ length: days + 1 }, (_, back) =>
    new Date(Date.parse(now) - (days - back) * dayMs).toISOString().slice(0, 10),
  );
  const ids = poolIds.flatMap((poolId) => shown.map((day) => `${poolId}:${day}`));
  const rows = await stockHistory.find({ _id: { $in: ids } }).toArray();
  const byDay = rows.sort((a, b) => (a.day < b.day ? -1 : 1));
  return new Map(
    [...Map.groupBy(byDay, ({ poolId }) => poolId)].map(([poolId, own]) => [
      poolId,
      own.flatMap(({ points }) => points),
    ]),
  );
}
