import { Client, Connection, type ConnectionOptions } from '@temporalio/client';

export interface TemporalSettings {
  address: string;
  namespace: string;
  apiKey?: string;
  tls: ConnectionOptions['tls'];
}

/** Connects a client; made lazily, so that a process may start while Temporal is away. */
export function createTemporalClient(settings: TemporalSettings): Client {
  const connection = Connection.lazy({
    address: settings.address,
    connectTimeout: '5s',
    ...(settings.tls ? { tls: settings.tls } : {}),
    ...(settings.apiKey ? { apiKey: settings.apiKey } : {}),
  });
  return new Client({ connection, namespace: settings.namespace });
}

/** Temporal could not be reached: the caller answers 503 and is asked again. */
export class TemporalUnavailable extends Error {
  readonly code = 'temporalUnavailable';
  override name = 'TemporalUnavailable';
}
