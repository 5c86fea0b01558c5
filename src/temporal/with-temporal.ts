import { TemporalUnavailable } from './connection.ts';
import { findGrpcStatus } from './service-error.ts';

/** Runs `work`; a Temporal that does not answer becomes `TemporalUnavailable`, everything else stays what it is. */
export async function withTemporal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (findGrpcStatus(error) === undefined) throw error;
    throw new TemporalUnavailable('Temporal cannot be reached.');
  }
}
