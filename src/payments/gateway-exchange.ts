import { Agent, request } from 'undici';
import { GatewayError } from './gateway.ts';

const connectTimeoutMs = 5_000;
const maxReplyBytes = 1024 * 1024;

export interface GatewayReply {
  status: number;
  text: string;
}

interface GatewayRequest {
  agent: Agent;
  /** As people call it: `Cashfree`. */
  gateway: string;
  baseUrl: string;
  path: string;
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: object | undefined;
  timeoutMs: number;
  /** What the call is for, in words for the error: `create order ord-1`. */
  purpose: string;
}

/** Connections to one gateway: no redirect is followed, no reply of more than 1 MB is read. */
export function createGatewayAgent({ timeoutMs }: { timeoutMs: number }): Agent {
  return new Agent({
    connect: { timeout: Math.min(connectTimeoutMs, timeoutMs) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxReplyBytes,
  });
}

/** One call to a gateway. @throws GatewayError `unreachable` where no whole answer came. */
export async function callGateway(input: GatewayRequest): Promise<GatewayReply> {
  const { body } = input;
  try {
    const response = await request(`${input.baseUrl}/${input.path}`, {
      dispatcher: input.agent,
      method: input.method,
      signal: AbortSignal.timeout(input.timeoutMs),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...input.headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.statusCode, text: await response.body.text() };
  } catch (error) {
    throw unreachable({ error, ...input });
  }
}

/** The cause is left out: an error of the HTTP client may hold the request with its keys. */
function unreachable(input: { error: unknown; gateway: string; purpose: string }): GatewayError {
  const { error, gateway, purpose } = input;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reason = typeof code === 'string' ? code : error instanceof Error ? error.name : 'no answer';
  const address = `${gateway.toUpperCase()}_BASE_URL`;
  return new GatewayError({
    code: 'unreachable',
    message: `Failed to ${purpose}: ${gateway} gave no usable answer (${reason}). Try again; check ${address} if it stays so.`,
  });
}

/** True where the same request may work a moment later. */
export function isBusy(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
