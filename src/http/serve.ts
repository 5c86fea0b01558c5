import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on `port` (0: a free one). `stop` lets running requests finish and closes idle connections. */
export async function serve(input: {
  app: RequestListener;
  port: number;
}): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer(input.app);
  server.listen(input.port);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new Error(
      `Failed to listen on port ${input.port}: another process has it. Set PORT to a free one.`,
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}
