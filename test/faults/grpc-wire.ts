import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { createGateBoard, type GateBoard } from './gate.ts';

/** One call of Temporal's API on its way; `body` is its bytes as text, in which ids and JSON payloads can be read. */
export interface GrpcCall {
  /** Such as `SignalWorkflowExecution`. */
  name: string;
  body: string;
}

export interface GrpcWire {
  /** host:port that stands for Temporal. */
  address: string;
  gates: GateBoard<GrpcCall>;
  stop(): Promise<void>;
}

interface Answer {
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Null where the headers were the whole answer. */
  trailers: IncomingHttpHeaders | null;
}

/** Stands before Temporal at `target` (host:port) and stops what meets a gate. */
export async function startGrpcWire(input: { target: string }): Promise<GrpcWire> {
  const { hostname, port } = new URL(`tcp://${input.target}`);
  const gates = createGateBoard<GrpcCall>();
  const sessions = new Map<ServerHttp2Session, ClientHttp2Session>();
  const server = createServer();
  server.on('connection', (socket) => socket.setNoDelay(true));
  server.on('session', (session) => {
    const temporal = connect(`http://${input.target}`, {
      createConnection: () => connectSocket({ host: hostname, port: Number(port), noDelay: true }),
    });
    sessions.set(session, temporal);
    for (const side of [session, temporal]) side.on('error', () => side.destroy());
    session.once('close', () => {
      sessions.delete(session);
      temporal.destroy();
    });
    temporal.once('close', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    const temporal = stream.session && sessions.get(stream.session as ServerHttp2Session);
    stream.on('error', () => undefined);
    if (!temporal || temporal.destroyed) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    serve({ stream, headers, temporal, gates }).catch(() => stream.close(constants.NGHTTP2_CANCEL));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    gates,
    async stop() {
      server.close();
      for (const session of sessions.keys()) session.destroy();
      await once(server, 'close');
    },
  };
}

async function serve(input: {
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  temporal: ClientHttp2Session;
  gates: GateBoard<GrpcCall>;
}): Promise<void> {
  const { stream, headers, temporal, gates } = input;
  const body = await readAll(stream);
  const name = (headers[':path'] ?? '').split('/').at(-1) ?? '';
  const gate = gates.meet({ name, body: body.toString('latin1') });
  if (gate?.phase === 'before' && (await gate.hold()) === 'drop') throw new Error('lost');
  if (stream.destroyed || temporal.destroyed) throw new Error('the caller or Temporal is gone');
  const call = temporal.request(headers, { endStream: false });
  stream.once('close', () => call.close(constants.NGHTTP2_CANCEL));
  call.end(body);
  const answer = await readAnswer(call);
  if (gate?.phase === 'after' && (await gate.hold()) === 'drop') throw new Error('lost');
  if (!stream.destroyed) send(stream, answer);
}

async function readAnswer(call: ClientHttp2Stream): Promise<Answer> {
  let trailers: IncomingHttpHeaders | null = null;
  call.on('error', () => undefined);
  call.once('trailers', (seen) => {
    trailers = seen;
  });
  const closed = once(call, 'close').then(() => Promise.reject(new Error('the call broke')));
  closed.catch(() => undefined);
  const [headers] = (await Promise.race([once(call, 'response'), closed])) as [IncomingHttpHeaders];
  const body = await readAll(call);
  if (trailers === null && headers['grpc-status'] === undefined) throw new Error('the answer broke');
  return { headers, body, trailers };
}

function send(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): void {
  if (trailers === null) {
    stream.respond(headers, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(body);
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
