import { findSmartVpsOs } from '../../domain/operating-system.ts';
import type { RawPurchaseReply } from '../../domain/purchase-reply.ts';
import type { CallOptions, ServerRequest, StockReading, Supplier } from '../supplier.ts';
import { SupplierError, type SupplierErrorCode } from '../supplier-error.ts';
import { createSharedConnections, type Exchange, exchangeOnce, exchangeShared } from './exchange.ts';
import { cutOffMark, interpretPurchaseReply } from './interpret-purchase-reply.ts';
import { readStatusReply } from './read-status-reply.ts';
import { readStockReply } from './read-stock-reply.ts';
import { createSecretScrubber } from './scrub-secrets.ts';
import { findErrorReason, parseReplyJson, unwrapText } from './unwrap-text.ts';

/** Calls other than the purchase answer within a second or two as a rule. */
const callTimeoutMs = 15_000;
/** What is kept of a purchase's answer; a real one has about 100 characters. */
const longestStoredReply = 4096;
/** The ledger needs this much of the longest purchase to store what came back. */
const storingMarginMs = 20_000;

interface SmartVpsSettings {
  baseUrl: string;
  apiPrefix: string;
  username: string;
  password: string;
  longestPurchaseMs: number;
}

interface SmartVpsDependencies {
  now?: () => Date;
  log?: { warn: (fields: Record<string, unknown>, message: string) => void };
}

/** HTTP limit of a purchase: 20 s below the longest purchase, yet at least nine tenths of it (design 5). */
export function purchaseTimeoutMs(longestPurchaseMs: number): number {
  return Math.max(longestPurchaseMs - storingMarginMs, Math.ceil(longestPurchaseMs * 0.9));
}

const remedies: Record<SupplierErrorCode, string> = {
  unreachable: 'Check SMARTVPS_BASE_URL and whether SmartVPS is up.',
  rejectedCredentials: 'Check SMARTVPS_USERNAME and SMARTVPS_PASSWORD.',
  badReply: 'Check SMARTVPS_BASE_URL and SMARTVPS_API_PREFIX, and look at what SmartVPS answers.',
  refused: 'Look at the server in the panel of SmartVPS.',
};

function supplierError(input: { code: SupplierErrorCode; action: string; why: string }): SupplierError {
  return new SupplierError({ ...input, remedy: remedies[input.code] });
}

/** The calls' common address. Throws without repeating the address, which may hold a login. */
function parseBase({ baseUrl, apiPrefix }: { baseUrl: string; apiPrefix: string }): string {
  if (!URL.canParse(baseUrl) || !/^https?:/i.test(baseUrl)) {
    throw new Error('Failed to use SMARTVPS_BASE_URL: it is no address. Set it to http(s)://host/path.');
  }
  const url = new URL(baseUrl);
  if (url.username !== '' || url.password !== '') {
    throw new Error(
      'Failed to use SMARTVPS_BASE_URL: it holds a login. Use SMARTVPS_USERNAME and _PASSWORD.',
    );
  }
  const path = `${url.pathname}/${apiPrefix}`.split('/').filter((segment) => segment !== '');
  return [url.origin, ...path].join('/');
}

/** Makes the functions that post one call: on a connection of its own, or on shared ones. */
function createCaller(settings: SmartVpsSettings) {
  const base = parseBase(settings);
  const agent = createSharedConnections();
  const login = Buffer.from(`${settings.username}:${settings.password}`).toString('base64');
  const headers = {
    authorization: `Basic ${login}`,
    'content-type': 'application/json',
    accept: '*/*',
    'accept-encoding': 'identity',
  };
  const toRequest = (call: Call) => ({
    url: new URL(`${base}/${call.name}`),
    headers,
    body: JSON.stringify(call.body),
    timeoutMs: call.timeoutMs ?? callTimeoutMs,
    signal: call.signal,
  });
  return {
    callOnce: (call: Call) => exchangeOnce(toRequest(call)),
    callShared: (call: Call) => exchangeShared({ agent, request: toRequest(call) }),
    close: () => agent.close(),
  };
}

interface Call {
  name: 'ipstock' | 'buyvps' | 'status' | 'start' | 'stop' | 'format' | 'changeos' | 'renewvps';
  body: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

/** The text of a good answer. Throws SupplierError for everything else. */
function expectText({ exchange, action }: { exchange: Exchange; action: string }): string {
  if (exchange.kind !== 'answer') throw supplierError({ code: 'unreachable', action, why: exchange.why });
  const { httpStatus } = exchange;
  if (httpStatus >= 200 && httpStatus < 300) return exchange.text;
  const why = `SmartVPS answered with HTTP status ${httpStatus}`;
  if (httpStatus === 401 || httpStatus === 403)
    throw supplierError({ code: 'rejectedCredentials', action, why });
  throw supplierError({ code: httpStatus < 400 ? 'badReply' : 'unreachable', action, why });
}

/** A purchase's exchange as the ledger stores it: without secrets, cut short, marked where it was cut. */
function toRawReply(input: {
  exchange: Exchange;
  scrub: (text: string) => string;
  receivedAt: string;
}): RawPurchaseReply {
  const { exchange, scrub, receivedAt } = input;
  if (exchange.kind !== 'answer') return exchange;
  const scrubbed = scrub(exchange.text);
  const isWhole = exchange.text.length <= longestStoredReply && scrubbed.length <= longestStoredReply;
  const body = isWhole ? scrubbed : `${scrubbed.slice(0, longestStoredReply)} ${cutOffMark}`;
  return { kind: 'answer', httpStatus: exchange.httpStatus, body, receivedAt };
}

/** Whether a call that changes a server says that it did: `success...` or a JSON success (assumed). */
function tellsSuccess(text: string): boolean {
  if (/^success\b/i.test(unwrapText(text))) return true;
  const reply = parseReplyJson(text);
  if (typeof reply !== 'object' || reply === null) return false;
  const status = 'status' in reply ? reply.status : 'success' in reply ? reply.success : undefined;
  return status === true || (typeof status === 'string' && status.toLowerCase() === 'success');
}

/**
 * The supplier SmartVPS: HTTP Basic, POST, JSON in; JSON or text out, quoted up to three times. Its purchase has
 * no idempotency key and is therefore sent once, on a connection of its own. Source: the shop's facts about it.
 */
export function createSmartVpsClient(settings: SmartVpsSettings & SmartVpsDependencies): Supplier {
  const { longestPurchaseMs, now = () => new Date(), log } = settings;
  const { callOnce, callShared, close } = createCaller(settings);
  const scrub = createSecretScrubber(settings);

  async function readStock({ signal }: CallOptions = {}): Promise<StockReading> {
    const action = 'read the stock of SmartVPS';
    const startedAt = now().toISOString();
    const text = expectText({ exchange: await callShared({ name: 'ipstock', body: {}, signal }), action });
    const reason = findErrorReason(text);
    if (reason !== undefined) throw supplierError({ code: 'refused', action, why: scrub(reason) });
    const list = readStockReply(text);
    if (list === undefined)
      throw supplierError({ code: 'badReply', action, why: 'the answer is no stock list' });
    const skipped = list.skipped.map(scrub);
    if (skipped.length > 0) log?.warn({ skipped }, 'SmartVPS listed packages that cannot be read');
    return { startedAt, readAt: now().toISOString(), packages: list.packages, skipped };
  }

  async function sendPurchase(
    request: { packageName: string; ramGb: number; longestPurchaseMs?: number },
    { signal }: CallOptions = {},
  ): Promise<RawPurchaseReply> {
    const exchange = await callOnce({
      name: 'buyvps',
      body: { ip: request.packageName, ram: String(request.ramGb) },
      timeoutMs: purchaseTimeoutMs(request.longestPurchaseMs ?? longestPurchaseMs),
      signal,
    });
    return toRawReply({ exchange, scrub, receivedAt: now().toISOString() });
  }

  async function readServer({ ip }: ServerRequest, { signal }: CallOptions = {}) {
    const action = `read the server ${ip} at SmartVPS`;
    const text = expectText({ exchange: await callShared({ name: 'status', body: { ip }, signal }), action });
    const reading = readStatusReply({ text, ip });
    if (reading.kind === 'unreadable') {
      throw supplierError({ code: 'badReply', action, why: 'the answer describes no server' });
    }
    if (reading.kind === 'otherAddress') {
      throw supplierError({ code: 'badReply', action, why: 'the answer is about another address' });
    }
    const { status } = reading;
    return status.kind === 'notOurs' ? { ...status, why: scrub(status.why) } : status;
  }

  async function change(call: Call & { action: string }): Promise<void> {
    const { action } = call;
    const text = expectText({ exchange: await callOnce(call), action });
    const reason = findErrorReason(text);
    if (reason !== undefined)
      throw supplierError({ code: 'refused', action, why: `it said "${scrub(reason)}"` });
    if (!tellsSuccess(text)) {
      throw supplierError({ code: 'badReply', action, why: 'the answer does not say whether it was done' });
    }
  }

  async function changeOs(
    { ip, os }: ServerRequest & { os: string },
    { signal }: CallOptions = {},
  ): Promise<void> {
    const action = `change the system of server ${ip} at SmartVPS`;
    const code = findSmartVpsOs(os);
    if (code === undefined)
      throw supplierError({ code: 'refused', action, why: `"${os}" is no system of the shop` });
    await change({ name: 'changeos', body: { ip, os: code }, action, signal });
  }

  const changer =
    ({ name, verb }: { name: Call['name']; verb: string }) =>
    ({ ip }: ServerRequest, { signal }: CallOptions = {}) =>
      change({ name, body: { ip }, action: `${verb} server ${ip} at SmartVPS`, signal });

  return {
    name: 'smartvps',
    needsLock: true,
    readStock,
    sendPurchase,
    interpretPurchaseReply,
    readServer,
    changeOs,
    start: changer({ name: 'start', verb: 'start' }),
    stop: changer({ name: 'stop', verb: 'stop' }),
    format: changer({ name: 'format', verb: 'format' }),
    renew: changer({ name: 'renewvps', verb: 'renew' }),
    close,
  };
}
