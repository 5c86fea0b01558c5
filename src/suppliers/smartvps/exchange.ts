import { Agent, buildConnector, Client, type Dispatcher } from 'undici';

/** What became of one HTTP request: an answer, provably nothing sent, or sent without a usable answer. */
export type Exchange =
  | { kind: 'answer'; httpStatus: number; text: string }
  | { kind: 'notSent'; why: string }
  | { kind: 'noAnswer'; why: string };

export interface ExchangeRequest {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** Bounds the whole exchange, from the connection to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

const connectTimeoutMs = 10_000;
const largestAnswerBytes = 1024 * 1024;
const longestTimerMs = 2 ** 31 - 1;

/** undici's own limits are off: `timeoutMs` bounds the exchange, and purchases outlast undici's defaults. */
const clientOptions = { headersTimeout: 0, bodyTimeout: 0, allowH2: false } as const;

/** Connections for calls that may share them. */
export function createSharedConnections(): Agent {
  return new Agent({ ...clientOptions, connect: { timeout: connectTimeoutMs } });
}

/** One connection and no other: says whether it came about, and refuses a second. */
function openLine() {
  const connectOnce = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  const line = { isUp: false, isSpent: false, isClosed: false };
  const connect: buildConnector.connector = (options, done) => {
    if (line.isSpent) return done(new Error('this exchange has had its one connection'), null);
    line.isSpent = true;
    connectOnce(options, (...result) => {
      if (result[0] !== null) return done(result[0], null);
      if (line.isClosed) {
        result[1].destroy();
        return done(new Error('this exchange is over'), null);
      }
      line.isUp = true;
      done(null, result[1]);
    });
  };
  return { line, connect };
}

/**
 * Makes exactly one request on a connection of its own. `notSent` is a proof: undici writes only to a connection
 * that came about, and there was none; one that comes about too late is closed unused.
 */
export async function exchangeOnce(request: ExchangeRequest): Promise<Exchange> {
  const { line, connect } = openLine();
  const client = new Client(request.url.origin, { ...clientOptions, connect, pipelining: 1 });
  try {
    return await runExchange({ dispatcher: client, request, wasSent: () => line.isUp });
  } finally {
    line.isClosed = true;
    client.destroy().catch(() => undefined);
  }
}

/** Makes one request on shared connections; a failure of any kind is `noAnswer`. */
export async function exchangeShared(input: { agent: Agent; request: ExchangeRequest }): Promise<Exchange> {
  return runExchange({ dispatcher: input.agent, request: input.request, wasSent: () => true });
}

async function runExchange(input: {
  dispatcher: Dispatcher;
  request: ExchangeRequest;
  wasSent: () => boolean;
}): Promise<Exchange> {
  const { request } = input;
  const stop = new AbortController();
  const onCancel = () => stop.abort('the call was cancelled');
  const limit = `no full answer came within ${request.timeoutMs / 1000} s`;
  const timer = setTimeout(() => stop.abort(limit), Math.min(request.timeoutMs, longestTimerMs));
  request.signal?.addEventListener('abort', onCancel, { once: true });
  if (request.signal?.aborted) onCancel();
  try {
    return await post({ dispatcher: input.dispatcher, request, signal: stop.signal });
  } catch (error) {
    const why = stop.signal.aborted ? String(stop.signal.reason) : describeFailure(error);
    return { kind: input.wasSent() ? 'noAnswer' : 'notSent', why };
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onCancel);
  }
}

async function post(input: {
  dispatcher: Dispatcher;
  request: ExchangeRequest;
  signal: AbortSignal;
}): Promise<Exchange> {
  const { dispatcher, request, signal } = input;
  signal.throwIfAborted();
  const response = await dispatcher.request({
    origin: request.url.origin,
    path: request.url.pathname,
    method: 'POST',
    headers: request.headers,
    body: request.body,
    signal,
  });
  return { kind: 'answer', httpStatus: response.statusCode, text: await readBody(response.body) };
}

class AnswerTooLarge extends Error {}

async function readBody(body: Dispatcher.ResponseData['body']): Promise<string> {
  // Breaking off destroys the stream, which then reports that once more.
  body.on('error', () => undefined);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > largestAnswerBytes) throw new AnswerTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host name was not found',
  EAI_AGAIN: 'the host name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: `no connection came about within ${connectTimeoutMs / 1000} s`,
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
};

/** A failure in words made here: messages of libraries may quote what was sent. */
function describeFailure(error: unknown): string {
  if (error instanceof AnswerTooLarge) return 'the answer is larger than 1 MB';
  if (error instanceof Error && error.name === 'HTTPParserError') return 'the answer is not HTTP';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (Object.hasOwn(failures, code)) return failures[code] ?? code;
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? `the connection failed (${code})` : 'the connection failed';
}
