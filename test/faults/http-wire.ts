import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGateBoard, type GateBoard } from './gate.ts';

/** One HTTP call on its way. */
export interface HttpCall {
  method: string;
  path: string;
  body: string;
}

export interface HttpWire {
  /** host:port that stands for the target. */
  address: string;
  gates: GateBoard<HttpCall>;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Stands before the supplier and the gateway at `target` (host:port) and stops what meets a gate. */
export async function startHttpWire(input: { target: string }): Promise<HttpWire> {
  const { hostname, port } = new URL(`tcp://${input.target}`);
  const gates = createGateBoard<HttpCall>();
  const server = createServer(async (req, res) => {
    try {
      const call = { method: req.method ?? '', path: req.url ?? '', body: (await readAll(req)).toString() };
      const gate = gates.meet(call);
      if (gate?.phase === 'before' && (await gate.hold()) === 'drop') throw new Error('lost');
      // The bytes of a caller that is gone meanwhile have never arrived.
      if (res.closed) return;
      const answer = await forward({ hostname, port, call, headers: req.headers });
      if (gate?.phase === 'after' && (await gate.hold()) === 'drop') throw new Error('lost');
      send(res, answer);
    } catch {
      res.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    gates,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function forward(input: {
  hostname: string;
  port: string;
  call: HttpCall;
  headers: IncomingMessage['headers'];
}): Promise<Answer> {
  const { hostname, port, call, headers } = input;
  const { method, path } = call;
  const req = request({ hostname, port, method, path, headers, agent: false });
  req.end(call.body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return { status: res.statusCode ?? 502, headers: res.headers, body: await readAll(res) };
}

function send(res: ServerResponse, { status, headers, body }: Answer): void {
  const { connection: _connection, 'transfer-encoding': _encoding, ...kept } = headers;
  res.writeHead(status, kept).end(body);
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
