import { ApplicationFailure } from '@temporalio/workflow';
import { type Refusal, refusedType } from './contract/provision-order.ts';
import type { OrderRecord } from './order-record.ts';

/** The failure that rejects an update: its first detail is a `Refusal` with the order's state and age. */
export function refusalOf(record: OrderRecord, sentence: string): ApplicationFailure {
  const since = new Date(record.sinceMs).toISOString();
  const ageSeconds = Math.floor((Date.now() - record.sinceMs) / 1000);
  const details: Refusal = { orderStatus: record.status, since, ageSeconds, sentence };
  return ApplicationFailure.create({
    type: refusedType,
    message: sentence,
    nonRetryable: true,
    details: [details],
  });
}
