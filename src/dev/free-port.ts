import { createServer } from 'node:net';

/** A port of 127.0.0.1: `preferred` where it is free, else any free one, which `log` is told about. */
export async function freePort(wish: {
  preferred?: number | undefined;
  part: string;
  log: (line: string) => void;
}): Promise<number> {
  if (wish.preferred === undefined || wish.preferred === 0) return bindOnce(0);
  try {
    return await bindOnce(wish.preferred);
  } catch (thrown) {
    const port = await bindOnce(0);
    const code = (thrown as NodeJS.ErrnoException).code;
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code})`;
    wish.log(`Port ${wish.preferred} ${why}; ${wish.part} listens on ${port} instead.`);
    return port;
  }
}

function bindOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}
