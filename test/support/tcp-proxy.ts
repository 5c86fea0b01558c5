import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A wire between two parts that a test can cut and mend; the address stays the same. */
export interface TcpProxy {
  /** host:port that stands for the target. */
  address: string;
  /** Breaks every connection and refuses new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

/** Stands before `target` (host:port) on a free port of loopback. */
export async function startTcpProxy(input: { target: string }): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(`tcp://${input.target}`);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const join = (from: Socket) => {
    const to = connect({ host: hostname, port: Number(targetPort), noDelay: true });
    for (const socket of [from, to]) keep(socket);
    from.pipe(to).pipe(from);
    from.once('close', () => to.destroy());
    to.once('close', () => from.destroy());
  };
  let server = await listen({ join, port: 0 });
  const { port } = server.address() as AddressInfo;
  const cut = async () => {
    server.close();
    const closed = [...sockets].map((socket) => once(socket, 'close'));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  return {
    address: `127.0.0.1:${port}`,
    cut,
    async mend() {
      if (!server.listening) server = await listen({ join, port });
    },
    stop: cut,
  };
}

async function listen(input: { join: (socket: Socket) => void; port: number }): Promise<Server> {
  const server = createServer({ noDelay: true }, input.join);
  server.listen(input.port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
