import type { Collections } from '../database.ts';

export interface CaseLine {
  purchaseId: string;
  orderId: string;
  openedAt: string;
  ageSeconds: number;
  sentence: string;
}

/** The open cases, oldest first. */
export async function listCases(db: Pick<Collections, 'cases'>, input: { now: string }): Promise<CaseLine[]> {
  const open = await db.cases.find({ resolution: null }).toArray();
  const lines = open.map(({ _id: purchaseId, orderId, openedAt, sentence }) => {
    const ageSeconds = Math.floor((Date.parse(input.now) - Date.parse(openedAt)) / 1000);
    return { purchaseId, orderId, openedAt, ageSeconds, sentence };
  });
  return lines.sort((a, b) => a.openedAt.localeCompare(b.openedAt));
}
