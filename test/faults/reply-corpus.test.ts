import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { PurchaseReply } from '../../src/domain/purchase-reply.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import { readStatusReply } from '../../src/suppliers/smartvps/read-status-reply.ts';
import { readStockReply } from '../../src/suppliers/smartvps/read-stock-reply.ts';
import { createSmartVpsClient } from '../../src/suppliers/smartvps/smartvps-client.ts';
import type { Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { createDice, seedOfThisRun } from './dice.ts';
import { type MutatedReply, mutateReply } from './mutate-reply.ts';
import { readSale, takeQuotesOff } from './reading-oracle.ts';
import {
  askedIp,
  type CorpusEntry,
  hiddenTraps,
  type PurchaseMeaning,
  replyCorpus,
  type StatusMeaning,
  type StockMeaning,
} from './reply-corpus.ts';

const mutations = 150_000;
const mutationsOverHttp = 3_000;
const receivedAt = '2026-11-21T10:00:00.000Z';

/** Bytes that are no HTTP at all, or an answer that breaks off; after them the connection ends. */
type Answer = { httpStatus: number; body: Buffer | string } | { rawBytes: string };

interface Stage {
  client: Supplier;
  answerWith: (answer: Answer) => void;
  calls: () => number;
}

async function openStage(t: TestContext): Promise<Stage> {
  let next: Answer = { httpStatus: 500, body: '' };
  let calls = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      calls += 1;
      if ('rawBytes' in next) {
        request.socket.end(next.rawBytes);
        return;
      }
      response.writeHead(next.httpStatus, { 'content-type': 'text/html' }).end(next.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = createSmartVpsClient({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiPrefix: 'api/oceansmart',
    username: 'reseller@example.com',
    password: 'correct horse battery staple',
    longestPurchaseMs: 60_000,
    now: () => new Date(receivedAt),
  });
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  const answerWith = (answer: Answer) => {
    next = answer;
  };
  return { client, answerWith, calls: () => calls };
}

const interpret = (httpStatus: number, body: string): PurchaseReply =>
  interpretPurchaseReply({ kind: 'answer', httpStatus, body, receivedAt });

function meaningOf(reply: PurchaseReply): PurchaseMeaning {
  if (reply.kind === 'bought') return { kind: 'bought', ip: reply.ip };
  if (reply.kind === 'refused') return { kind: 'refused', reason: reply.reason };
  return { kind: reply.kind };
}

async function buy({ client }: Stage): Promise<PurchaseMeaning> {
  const reply = await client.sendPurchase({ packageName: '103.195.26', ramGb: 8 });
  return meaningOf(client.interpretPurchaseReply(reply));
}

/** Anything but a SupplierError is a bug of the client. */
function errorMeaning(error: unknown): { kind: 'error'; code: SupplierError['code'] } {
  if (!(error instanceof SupplierError)) throw error;
  return { kind: 'error', code: error.code };
}

async function readStock({ client }: Stage): Promise<StockMeaning> {
  try {
    const { packages, skipped } = await client.readStock();
    return {
      kind: 'stock',
      packages: packages.map(({ packageId, name, available }) => [packageId, name, available]),
      skipped: skipped.length,
    };
  } catch (error) {
    return errorMeaning(error);
  }
}

async function readServer({ client }: Stage): Promise<StatusMeaning> {
  try {
    const status = await client.readServer({ ip: askedIp });
    if (status.kind === 'notOurs') return { kind: 'notOurs' };
    const { username, password, os, expiresOn } = status;
    return {
      kind: 'server',
      os,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: password.reveal() }),
      ...(expiresOn === undefined ? {} : { expiresOn }),
    };
  } catch (error) {
    return errorMeaning(error);
  }
}

function readThroughClient(stage: Stage, call: CorpusEntry['call']) {
  if (call === 'buyvps') return buy(stage);
  return call === 'ipstock' ? readStock(stage) : readServer(stage);
}

test('every fixed reply means what is written beside it, through the client and over HTTP', async (t) => {
  assert.ok(replyCorpus.length >= 300, `only ${replyCorpus.length} replies`);
  const asText = replyCorpus.map(({ call, httpStatus, body }) => JSON.stringify([call, httpStatus, body]));
  assert.equal(new Set(asText).size, asText.length, 'a reply is in the corpus twice');
  const stage = await openStage(t);
  const counts: Record<string, number> = {};
  const laxities: string[] = [];
  for (const entry of replyCorpus) {
    const { call, httpStatus, body, expected } = entry;
    stage.answerWith({ httpStatus, body });
    const told = `${call} ${httpStatus} ${JSON.stringify(body)}`;
    assert.deepEqual(await readThroughClient(stage, call), expected, told);
    if (entry.call === 'buyvps') {
      assert.deepEqual(meaningOf(interpret(httpStatus, body)), expected, `direct: ${told}`);
      const sale = readSale({ httpStatus, body });
      if (expected.kind === 'bought') assert.equal(sale, expected.ip, `the oracle itself: ${told}`);
      else if (sale !== undefined) laxities.push(body);
    }
    const kind = `${call} ${expected.kind}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  assert.equal(stage.calls(), replyCorpus.length, 'one call each');
  assert.ok(laxities.length < 20, `the oracle takes too much for a sale: ${laxities.join(' # ')}`);
  t.diagnostic(`${replyCorpus.length} fixed replies: ${JSON.stringify(counts)}`);
});

const sale = 'success|Your ip is: 103.195.26.51';
const brokenAnswers: [rawBytes: string, what: string][] = [
  ['', 'nothing'],
  ['HTTP/1.1 200 OK\r\n', 'half a head'],
  [`HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n${sale}`, 'less than announced'],
  [`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n21\r\n${sale}`, 'a chunk without an end'],
  [`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n${sale}\r\n0\r\n\r\n`, 'a chunk of no length'],
  [sale, 'no HTTP'],
  [`HTTP/1.1 99999 OK\r\ncontent-length: 33\r\n\r\n${sale}`, 'a status of five digits'],
  [`HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n${sale}`, 'a length below zero'],
  [`HTTP/1.1 200 OK\r\ncontent-length: 33\r\ncontent-length: 12\r\n\r\n${sale}`, 'two lengths'],
  [`SSH-2.0-OpenSSH_9.6\r\n`, 'another protocol'],
  [`HTTP/1.1 100 Continue\r\n\r\n`, 'only an interim answer'],
];

for (const [rawBytes, what] of brokenAnswers) {
  test(`an answer that is ${what} leaves the purchase unknown and is an error of the other calls`, async (t) => {
    const stage = await openStage(t);
    stage.answerWith({ rawBytes });
    assert.deepEqual(await buy(stage), { kind: 'unknown' });
    assert.equal(stage.calls(), 1, 'never sent again');
    assert.equal((await readStock(stage)).kind, 'error');
    assert.equal((await readServer(stage)).kind, 'error');
  });
}

test('a sale that is longer than what is kept of a reply stays unknown', async (t) => {
  const stage = await openStage(t);
  stage.answerWith({ httpStatus: 200, body: `${sale} ${'.'.repeat(5_000)} 103.195.26.52` });
  assert.deepEqual(await buy(stage), { kind: 'unknown' });
  stage.answerWith({ httpStatus: 200, body: `${sale} ${'x'.repeat(1_100_000)}` });
  assert.deepEqual(await buy(stage), { kind: 'unknown' });
});

test('signs that do not show and verdicts that stick to a word make no sale', () => {
  for (const body of hiddenTraps) {
    assert.deepEqual(meaningOf(interpret(200, body)), { kind: 'unknown' }, JSON.stringify(body));
  }
});

/** False success: a sale where an independent reading finds none, or another address. */
function judgePurchase(reply: { httpStatus: number; body: string }, meaning: PurchaseMeaning): string | null {
  if (meaning.kind !== 'bought') return null;
  const address = readSale(reply);
  return address === meaning.ip ? null : `bought ${meaning.ip}, read independently: ${address ?? 'no sale'}`;
}

function judgeRefusal(reply: { body: string }, meaning: PurchaseMeaning): string | null {
  if (meaning.kind !== 'refused') return null;
  const text = takeQuotesOff(reply.body).toLowerCase();
  const isSaid = /^error\s*\|/.test(text) && text.trim().endsWith(meaning.reason.toLowerCase());
  return isSaid ? null : `refused as ${meaning.reason} although nobody said so`;
}

/** The reply names an address that nobody asked about: its login is somebody else's. */
function namesAnother(body: string): boolean {
  const { IP } = JSON.parse(takeQuotesOff(body)) as { IP?: unknown };
  return typeof IP === 'string' && IP.trim() !== '' && IP.trim() !== askedIp;
}

function judgeDirectly({ call, httpStatus, bytes }: MutatedReply): { kind: string; problem: string | null } {
  const body = bytes.toString('utf8');
  if (call === 'buyvps') {
    const meaning = meaningOf(interpret(httpStatus, body));
    const reply = { httpStatus, body };
    return { kind: meaning.kind, problem: judgePurchase(reply, meaning) ?? judgeRefusal(reply, meaning) };
  }
  if (call === 'ipstock') {
    const list = readStockReply(body);
    const isSound = (list?.packages ?? []).every(
      ({ packageId, name, available }) =>
        packageId !== '' && name !== '' && Number.isSafeInteger(available) && available >= 0,
    );
    return { kind: list ? 'stock' : 'noStock', problem: isSound ? null : 'a count that is none' };
  }
  const reading = readStatusReply({ text: body, ip: askedIp });
  const isOther = reading.kind === 'read' && reading.status.kind === 'server' && namesAnother(body);
  return { kind: `status ${reading.kind}`, problem: isOther ? 'the login of another server' : null };
}

test(`${mutations} mutations of the corpus give no false success and throw nothing`, (t) => {
  const seed = seedOfThisRun();
  t.diagnostic(`FAULTS_SEED=${seed}`);
  const dice = createDice(seed);
  const counts: Record<string, number> = {};
  const problems: string[] = [];
  for (let n = 0; n < mutations; n += 1) {
    const mutated = mutateReply(replyCorpus, dice);
    const told = () => `${mutated.call} ${JSON.stringify(mutated.bytes.toString('utf8'))} (${mutated.made})`;
    try {
      const { kind, problem } = judgeDirectly(mutated);
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (problem !== null) problems.push(`${problem}: ${told()}`);
    } catch (error) {
      problems.push(`threw ${error}: ${told()}`);
    }
  }
  t.diagnostic(`${mutations} mutations: ${JSON.stringify(counts)}`);
  assert.deepEqual(problems.slice(0, 5), [], `${problems.length} problems, seed ${seed}`);
  assert.ok((counts.bought ?? 0) > mutations / 100, 'too few are sales to prove anything');
  assert.ok((counts.refused ?? 0) > mutations / 1_000, 'too few are refusals to prove anything');
});

test(`${mutationsOverHttp} mutations over HTTP give no false success and only typed errors`, async (t) => {
  const seed = seedOfThisRun();
  t.diagnostic(`FAULTS_SEED=${seed}`);
  const dice = createDice(seed + 1);
  const stage = await openStage(t);
  const counts: Record<string, number> = {};
  for (let n = 0; n < mutationsOverHttp; n += 1) {
    const { call, httpStatus, bytes, made } = mutateReply(replyCorpus, dice);
    const body = bytes.toString('utf8');
    const told = `seed ${seed}, ${call} ${httpStatus} ${JSON.stringify(body)} (${made})`;
    stage.answerWith({ httpStatus, body: bytes });
    const meaning = await readThroughClient(stage, call).catch((error: unknown) => {
      assert.fail(`threw ${error}: ${told}`);
    });
    counts[meaning.kind] = (counts[meaning.kind] ?? 0) + 1;
    if (meaning.kind === 'bought') assert.equal(judgePurchase({ httpStatus, body }, meaning), null, told);
  }
  assert.equal(stage.calls(), mutationsOverHttp, 'one call each');
  t.diagnostic(`${mutationsOverHttp} mutations over HTTP: ${JSON.stringify(counts)}`);
});
