import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { createGateBoard, type GateBoard, type MetGate } from './gate.ts';

type Document = Readonly<Record<string, unknown>>;

/** One statement on its way to the database. */
export type MongoStatement =
  | { kind: 'insert'; collection: string; document: Document }
  | { kind: 'update'; collection: string; filter: Document; set: Document }
  | { kind: 'find'; collection: string; filter: Document };

export interface MongoWire {
  /** host:port that stands for the database. */
  address: string;
  gates: GateBoard<MongoStatement>;
  stop(): Promise<void>;
}

/** The opcode of every message of today's drivers; the layout is in the MongoDB wire protocol's OP_MSG page. */
const opMsg = 2013;
const headerBytes = 16;

/** Stands before the database at `target` (host:port) and stops what meets a gate. */
export async function startMongoWire(input: { target: string }): Promise<MongoWire> {
  const { hostname, port } = new URL(`tcp://${input.target}`);
  const gates = createGateBoard<MongoStatement>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const database = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
    }
    joinConnection({ client, database, gates });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    gates,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function joinConnection(input: { client: Socket; database: Socket; gates: GateBoard<MongoStatement> }): void {
  const { client, database, gates } = input;
  const awaitedAnswers = new Map<number, MetGate>();
  client.once('close', () => database.destroy());
  database.once('close', () => client.destroy());
  void relay({
    from: client,
    to: database,
    async passes(message) {
      const statement = readStatement(message);
      const gate = statement && gates.meet(statement);
      if (gate?.phase === 'before') return (await gate.hold()) === 'pass';
      if (gate) awaitedAnswers.set(message.readInt32LE(4), gate);
      return true;
    },
  });
  void relay({
    from: database,
    to: client,
    async passes(message) {
      const gate = awaitedAnswers.get(message.readInt32LE(8));
      return gate === undefined || (await gate.hold()) === 'pass';
    },
  });
}

/** Hands on whole messages, one after another; one that does not pass ends the connection. */
async function relay(input: {
  from: Socket;
  to: Socket;
  passes: (message: Buffer) => Promise<boolean>;
}): Promise<void> {
  const { from, to, passes } = input;
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of from) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (rest.length >= headerBytes && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0));
        rest = rest.subarray(message.length);
        if (!(await passes(message))) return;
        if (!to.destroyed) to.write(message);
      }
    }
  } catch {
    // A connection that breaks is what this wire is for.
  } finally {
    from.destroy();
    to.destroy();
  }
}

function readStatement(message: Buffer): MongoStatement | undefined {
  if (message.readInt32LE(12) !== opMsg) return undefined;
  const command = readCommand(message);
  const [kind, collection] = Object.entries(command)[0] ?? [];
  if (typeof collection !== 'string') return undefined;
  if (kind === 'find') return { kind, collection, filter: asDocument(command.filter) };
  if (kind === 'insert') return { kind, collection, document: firstOf(command.documents) };
  if (kind !== 'update') return undefined;
  const { q, u } = firstOf(command.updates);
  return { kind, collection, filter: asDocument(q), set: asDocument(asDocument(u).$set) };
}

/** The command's document, with the lists that were sent beside it. */
function readCommand(message: Buffer): Document {
  const command: Record<string, unknown> = {};
  let at = headerBytes + 4;
  while (at < message.length) {
    const isList = message[at] === 1;
    const size = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + size);
    if (isList) Object.assign(command, readList(section));
    else Object.assign(command, BSON.deserialize(section));
    at += 1 + size;
  }
  return command;
}

function readList(section: Buffer): Document {
  const end = section.indexOf(0, 4);
  const name = section.toString('utf8', 4, end);
  const documents: Document[] = [];
  for (let at = end + 1; at < section.length; at += section.readInt32LE(at)) {
    documents.push(BSON.deserialize(section.subarray(at, at + section.readInt32LE(at))));
  }
  return { [name]: documents };
}

function firstOf(list: unknown): Document {
  return asDocument(Array.isArray(list) ? list[0] : undefined);
}

function asDocument(value: unknown): Document {
  return typeof value === 'object' && value !== null ? (value as Document) : {};
}
