import { type NextFunction, type Request, type Response, Router } from 'express';
import { type AnswerRecord, answerCall, type Reply } from './answer-call.ts';
import { type FaultPlan, type SmartvpsCall, smartvpsCalls } from './faults.ts';
import type { PurchaseCall } from './ledger.ts';
import { changeServer, describeServer, findPackage, listStock, noteCall, sell } from './smartvps-account.ts';
import type { World } from './world.ts';

type Body = Record<string, unknown>;

/** The supplier's API under `<prefix>/<call>`: HTTP Basic, POST, JSON in; JSON or text out, with its quirks. */
export function createSmartvpsRouter({ getWorld }: { getWorld: () => World }): Router {
  const router = Router();
  router.use(async (req: Request, res: Response, next: NextFunction) => {
    const world = getWorld();
    const call = findCall({ path: req.path, prefix: world.state.config.smartvps.prefix });
    if (call === undefined) return void res.status(404).type('html').send('<h1>404 Not Found</h1>');
    if (req.method !== 'POST')
      return void res.status(405).type('html').send('<h1>405 Method Not Allowed</h1>');
    const username = findUser({ header: req.get('authorization'), world });
    if (username === undefined) {
      return void res.status(401).setHeader('www-authenticate', 'Basic').type('html').send('Unauthorized');
    }
    await serve({ world, res, call, username, body: readBody(req.body) }).catch(next);
  });
  return router;
}

function findCall({ path, prefix }: { path: string; prefix: string }): SmartvpsCall | undefined {
  const segments = path.split('/').filter((segment) => segment !== '');
  const name = segments.pop();
  const expected = prefix.split('/').filter((segment) => segment !== '');
  return segments.join('/') === expected.join('/') ? smartvpsCalls.find((call) => call === name) : undefined;
}

/** Any login that is not empty, unless the configuration names one. */
function findUser({ header, world }: { header: string | undefined; world: World }): string | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header ?? '')?.[1];
  const decoded = Buffer.from(encoded ?? '', 'base64').toString();
  const colon = decoded.indexOf(':');
  const username = decoded.slice(0, Math.max(colon, 0));
  const password = decoded.slice(colon + 1);
  if (username === '' || password === '') return undefined;
  const known = world.state.config.smartvps;
  if (known.username !== null && known.username !== username) return undefined;
  return known.password !== null && known.password !== password ? undefined : username;
}

function readBody(raw: unknown): Body {
  try {
    const value: unknown = JSON.parse(typeof raw === 'string' ? raw : '');
    return typeof value === 'object' && value !== null ? (value as Body) : {};
  } catch {
    return {};
  }
}

async function serve(input: {
  world: World;
  res: Response;
  call: SmartvpsCall;
  username: string;
  body: Body;
}): Promise<void> {
  const { world, res, call, body } = input;
  const ip = textOf(body.ip) ?? '';
  const packageName = call === 'buyvps' ? ip : findPackage(world.state.packages, ip)?.name;
  const plan = world.plan({ call, package: packageName, address: call === 'buyvps' ? undefined : ip });
  const server = world.state.servers[ip];
  if (server && call !== 'buyvps') noteCall({ server, call });
  if (call === 'buyvps') return servePurchase({ ...input, plan });
  await answerCall({
    world,
    res,
    plan,
    perform: async () => {
      await world.sleep(world.drawMs('othersMs'));
      const refusal = plan.take('errorText');
      const reply = refusal
        ? textReply({ world, plan, text: `error|${refusal.reason}` })
        : performCall({ world, plan, call, body });
      world.changed();
      return reply;
    },
  });
}

function performCall(input: {
  world: World;
  plan: FaultPlan;
  call: Exclude<SmartvpsCall, 'buyvps'>;
  body: Body;
}): Reply {
  const { world, plan, call, body } = input;
  const { quirks } = world.state.config;
  if (call === 'ipstock') {
    return jsonReply({ world, plan, value: listStock({ world, plan }), twice: quirks.ipstockEncodedTwice });
  }
  const server = world.state.servers[textOf(body.ip) ?? ''];
  if (server === undefined || server.hasExpired)
    return textReply({ world, plan, text: 'error|IP not found in your account' });
  if (call === 'status') {
    const late = plan.take('credentialsLate');
    if (late) server.readyAt = new Date(Date.now() + late.ms).toISOString();
    return jsonReply({
      world,
      plan,
      value: describeServer({ world, server }),
      twice: quirks.statusEncodedTwice,
    });
  }
  const result = changeServer({ world, plan, server, call, os: textOf(body.os) });
  return textReply({ world, plan, text: result.ok ? `success|${result.says}` : `error|${result.reason}` });
}

async function servePurchase(input: {
  world: World;
  res: Response;
  plan: FaultPlan;
  username: string;
  body: Body;
}): Promise<void> {
  const { world, res, plan, body } = input;
  const purchase = beginPurchase(input);
  const record = await answerCall({
    world,
    res,
    plan,
    perform: async () => {
      await world.sleep(world.drawMs('buyMs'));
      const text = commitPurchase({ world, plan, purchase, body });
      await world.saved();
      return textReply({ world, plan, text });
    },
  });
  endPurchase({ world, purchase, record });
}

function beginPurchase({
  world,
  username,
  body,
}: {
  world: World;
  username: string;
  body: Body;
}): PurchaseCall {
  const sequence = world.nextSequence();
  const purchase: PurchaseCall = {
    callId: `buy-${sequence}`,
    startedAt: new Date().toISOString(),
    committedAt: null,
    answeredAt: null,
    endedAt: null,
    startSequence: sequence,
    endSequence: null,
    request: { ip: textOf(body.ip) ?? '', ram: textOf(body.ram) ?? '' },
    username,
    soldAddress: null,
    packageOfAddress: null,
    answer: 'pending',
    rawAnswer: null,
    closedEarlyByClient: false,
  };
  world.state.purchases.push(purchase);
  world.changed();
  return purchase;
}

/** Sells and answers the supplier's text. */
function commitPurchase(input: {
  world: World;
  plan: FaultPlan;
  purchase: PurchaseCall;
  body: Body;
}): string {
  const { world, plan, purchase } = input;
  const { request, callId } = purchase;
  const incomplete = request.ip === '' || !/^\d+$/.test(request.ram);
  const result = incomplete
    ? { kind: 'refused' as const, reason: 'Invalid request' }
    : sell({ world, plan, request, callId });
  if (result.kind === 'refused') {
    purchase.answer = 'error';
    return `error|${result.reason}`;
  }
  purchase.committedAt = new Date().toISOString();
  purchase.endedAt = purchase.committedAt;
  purchase.endSequence = world.nextSequence();
  purchase.soldAddress = result.address;
  purchase.packageOfAddress = result.packageOfAddress;
  const soldButRefused = plan.take('errorText');
  if (soldButRefused) {
    purchase.answer = 'error';
    return `error|${soldButRefused.reason}`;
  }
  const congratulations = `success|Congratulations! Your VPS order has been placed. Your ip is: ${result.address}`;
  if (!plan.take('twoAddresses')) return congratulations;
  purchase.answer = 'twoAddresses';
  return `${congratulations}, ${secondAddress(result.address)}`;
}

function endPurchase(input: { world: World; purchase: PurchaseCall; record: AnswerRecord }): void {
  const { world, purchase, record } = input;
  const plain = record.answer === 'success' && purchase.answer !== 'pending';
  if (!plain) purchase.answer = record.answer;
  purchase.rawAnswer = record.raw;
  purchase.answeredAt = record.answered?.at ?? null;
  purchase.endedAt = purchase.answeredAt ?? purchase.committedAt ?? new Date().toISOString();
  purchase.endSequence = record.answered?.sequence ?? purchase.endSequence ?? world.nextSequence();
  purchase.closedEarlyByClient = record.closedEarlyByClient;
  world.changed();
}

function secondAddress(address: string): string {
  return address.replace(/\d+$/, (last) => String(Number(last) === 254 ? 1 : Number(last) + 1));
}

function jsonReply(input: { world: World; plan: FaultPlan; value: unknown; twice: number }): Reply {
  const { world, plan, value, twice } = input;
  const depth = plan.take('encoding')?.depth ?? (world.random() < twice ? 2 : 1);
  return encodedReply({ value, depth });
}

/** A bare text, or one that is quoted like a JSON string now and then. */
function textReply({ world, plan, text }: { world: World; plan: FaultPlan; text: string }): Reply {
  const depth =
    plan.take('encoding')?.depth ?? (world.random() < world.state.config.quirks.textQuoted ? 1 : 0);
  return encodedReply({ value: text, depth });
}

function encodedReply({ value, depth }: { value: unknown; depth: number }): Reply {
  let encoded = value;
  for (let level = 0; level < depth; level += 1) encoded = JSON.stringify(encoded);
  const body = typeof encoded === 'string' ? encoded : JSON.stringify(encoded);
  return { status: 200, contentType: 'text/html; charset=UTF-8', body };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
}
