import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import { anOrder, aPurchase } from '../support/builders.ts';
import { type Answer, createLocalRuns, type RunState, type Wish } from './local-runs.ts';
import {
  DatabaseFault,
  firstSegment,
  packageName,
  runSegment,
  type Segment,
  stepMs,
  waitsForItsTurn,
} from './order-run.ts';
import { createDatabaseStates, type DatabaseCall, type DatabaseState } from './step-database.ts';
import {
  answerProbe,
  answerStock,
  longestPurchaseMs,
  nextAddress,
  type SupplierBook,
  type SupplierCall,
} from './supplier-model.ts';

/** `again`: a second run of an order that has one already, whatever anybody believes about the lock. */
export interface Actor {
  name: string;
  orderId: string;
  from: 'buy' | 'plan';
  grant: number;
}

/**
 * `death`: a run never goes on (it may be started again). `lostWrite`: a write fails, or is done and its answer lost.
 * `stall`: time passes although somebody could go on. `slowCall`: the supplier takes its time, up to the longest
 * purchase; `lateCall`: beyond that. `badAnswer`: refused, not sent, or lost (sold, not sold, sold later). `cancel`: the
 * order's money goes back, which its arbiter allows where nothing is bought for it, or only a case is open.
 */
export type FaultKind = 'death' | 'lostWrite' | 'stall' | 'slowCall' | 'lateCall' | 'badAnswer' | 'cancel';

export interface Scenario {
  actors: Actor[];
  /** Faults in one world, at most. */
  faults: number;
  kinds: readonly FaultKind[];
  /** How often a run that was voided or came too late asks for its turn anew, without a lock to wait for. */
  turns: number;
  /** Switches away from a run that could have gone on, at most; null: without a bound. */
  switches: number | null;
  /** The shop's older servers are known: an unknown purchase may be settled by asking for its address. */
  foreignKnown: boolean;
  /** False: nobody has bought of this package yet. */
  fenceIsThere: boolean;
}

interface Run {
  /** null: it died. */
  state: RunState | null;
  sleptSinceMs: number;
  /** Purchase whose answer it got and has not yet tried to store. */
  holdsAnswerOf: string | null;
  /** It had the fence: others may have seen its purchase. */
  wasSeen: boolean;
}

export interface World {
  nowMs: number;
  db: DatabaseState;
  book: SupplierBook;
  grants: number;
  faultsLeft: number;
  switchesLeft: number;
  last: number;
  runs: readonly Run[];
}

/** `name` is put into words only where it is needed: most steps lead to a world that is known. */
export type Offer = (name: () => string, world: World, problem?: string | null) => void;

const startMs = Date.parse('2026-11-21T10:00:00.000Z');
const latestMs = startMs + 80 * stepMs;
/** More answers than any segment needs here: one that gets more spins. */
const mostAnswers = 150;
/** The settling's own pauses between two questions are shorter than a step of the clock. */
const noPauseMs = 10;
/** Past the longest settling a call ends in any case: a run that waits for it has an HTTP limit. */
const latestAnswerMs = 5 * stepMs;
/** An order that recovers alone needs no more turns than this. */
const mostTurns = 5;
const lostAnswer: Answer = { key: 'fault', value: undefined, error: new DatabaseFault('no answer') };

/** The steps of worlds in which runs of the real purchase code meet one database and one supplier. */
export function createPurchaseWorlds(scenario: Scenario) {
  const states = createDatabaseStates();
  const runs = createLocalRuns<Segment>(runSegment);
  const books = createBooks();
  const answers = new WeakMap<DatabaseCall, Map<number, ReturnType<typeof states.call>>>();
  const faultsSeen: Partial<Record<FaultKind, number>> = {};
  const cancels = cancelsOf(scenario);

  function callDatabase(db: DatabaseState, call: DatabaseCall) {
    const byState = answers.get(call) ?? new Map<number, ReturnType<typeof states.call>>();
    answers.set(call, byState);
    const answer = byState.get(db.id) ?? states.call(db, call);
    byState.set(db.id, answer);
    return answer;
  }

  function takeFault(kind: FaultKind, world: World): World | null {
    if (world.faultsLeft === 0 || !scenario.kinds.includes(kind)) return null;
    faultsSeen[kind] = (faultsSeen[kind] ?? 0) + 1;
    return { ...world, faultsLeft: world.faultsLeft - 1 };
  }

  async function begin(index: number): Promise<Run> {
    const actor = scenario.actors[index];
    if (!actor) throw new Error('There is no such actor.');
    const state = await runs.start(firstSegment({ ...actor, turnsLeft: scenario.turns }));
    return { state, sleptSinceMs: startMs, holdsAnswerOf: null, wasSeen: false };
  }

  async function start(): Promise<World> {
    let db = states.empty;
    for (const [collection, row] of rowsBefore(scenario)) {
      db = states.call(db, { method: 'insertOne', collection, row }).state;
    }
    return {
      nowMs: startMs,
      db,
      book: books.keep([]),
      grants: Math.max(...scenario.actors.map(({ grant }) => grant)),
      faultsLeft: scenario.faults,
      switchesLeft: scenario.switches ?? 0,
      last: 0,
      runs: await Promise.all(scenario.actors.map((_, index) => begin(index))),
    };
  }

  /** The run goes on with its answer; a call of the supplier that it then makes begins at once. */
  async function goOn(world: World, index: number, answer: Answer): Promise<[World, string | null]> {
    const run = world.runs[index];
    if (!run?.state) throw new Error('A dead run was asked to go on.');
    const next = runs.answer(run.state, answer, world.nowMs);
    const state = next instanceof Promise ? await next : next;
    const after = withRun(world, index, { ...run, state, sleptSinceMs: world.nowMs });
    if (state.wish?.kind === 'send') return beginCall(after, index, state.wish);
    return [after, findRunProblem(state)];
  }

  function beginCall(
    world: World,
    caller: number,
    sending: { purchaseId: string; fencingNumber: number },
  ): [World, string | null] {
    const { purchaseId, fencingNumber } = sending;
    const call: SupplierCall = {
      caller,
      purchaseId,
      fencingNumber,
      begunMs: world.nowMs,
      state: 'held',
      notSent: false,
      sold: null,
      pace: 'prompt',
      told: false,
    };
    return [{ ...world, book: books.keep([...world.book, call]) }, findCallProblem(world, purchaseId)];
  }

  async function offerSteps(world: World, offer: Offer): Promise<void> {
    const awake = world.runs.map((run) => isAwake(run, world.nowMs));
    const unseen = world.runs.findIndex((run, index) => isUnseen(run, index));
    if (unseen >= 0) return offerRun({ ...world, last: unseen }, unseen, awake, offer);
    for (const index of world.runs.keys()) await offerRun(world, index, awake, offer);
    offerEndsOfLeftCalls(world, offer);
    offerCancels(world, offer);
    offerTime(world, awake.includes(true), offer);
  }

  /**
   * The next call concerns rows of the run's own order alone, no other run has that order, and nobody has seen its
   * purchase in the fence: the others cannot tell when it happens, so it happens at once.
   */
  function isUnseen(run: Run, index: number): boolean {
    if (run.wasSeen || run.state?.wish?.kind !== 'database') return false;
    const { orderId } = scenario.actors[index] ?? {};
    if (scenario.actors.filter((other) => other.orderId === orderId).length > 1) return false;
    const { call } = run.state.wish;
    const id = call.method === 'insertOne' ? call.row._id : call.filter._id;
    if (call.collection === 'orders') return id === orderId && cancels.length === 0;
    return call.collection === 'purchases' && typeof id === 'string' && id.startsWith(`${orderId}#`);
  }

  /** A run may die after each of its steps: when others go on meanwhile, they cannot tell. */
  async function offerRun(world: World, index: number, awake: boolean[], offer: Offer): Promise<void> {
    const run = world.runs[index];
    const name = scenario.actors[index]?.name;
    if (!run?.state) {
      const begun = await begin(index);
      const again = withRun(world, index, { ...begun, wasSeen: run?.wasSeen ?? false });
      return offer(() => `${name} is started again`, again);
    }
    const { wish } = run.state;
    const offerMortal: Offer = (step, after, problem = null) => {
      offer(step, after, problem);
      const mortal = after.runs[index]?.state?.wish ? takeFault('death', after) : null;
      if (mortal) offer(() => `${step()}; ${name} dies`, die(mortal, index));
    };
    if (wish?.kind === 'send') return offerAnswers(world, index, offerMortal);
    const turned = wish && awake[index] ? turnTo(world, index, awake) : null;
    if (!wish || !turned) return;
    if (wish.kind === 'database') await offerCall(turned, index, wish.call, offerMortal);
    else await offerWish(turned, index, wish, offerMortal);
  }

  function turnTo(world: World, index: number, awake: boolean[]): World | null {
    if (scenario.switches === null) return world;
    const isSwitch = index !== world.last && (awake[world.last] ?? false);
    if (isSwitch && world.switchesLeft === 0) return null;
    return { ...world, last: index, switchesLeft: world.switchesLeft - (isSwitch ? 1 : 0) };
  }

  function die(world: World, index: number): World {
    const run = world.runs[index];
    const held = heldCallOf(world.book, index);
    const untold = world.book.findLast(({ purchaseId, told }) => told && purchaseId === run?.holdsAnswerOf);
    let { book } = world;
    if (held) book = books.change(book, held, { state: 'left', pace: slower(held) });
    else if (untold) book = books.change(book, untold, { told: false });
    const dead = { state: null, sleptSinceMs: 0, holdsAnswerOf: null, wasSeen: run?.wasSeen ?? false };
    return withRun({ ...world, book }, index, dead);
  }

  async function offerWish(world: World, index: number, wish: Wish, offer: Offer): Promise<void> {
    const { answer, grants } = answerWish(world, wish);
    const [after, problem] = await goOn({ ...world, grants }, index, answer);
    offer(() => `${scenario.actors[index]?.name}: ${wish.kind}`, after, problem);
  }

  function answerWish(world: World, wish: Wish): { answer: Answer; grants: number } {
    const { book, grants } = world;
    const keyed = (value: unknown) => ({ answer: { key: JSON.stringify(value), value }, grants });
    if (wish.kind === 'grant') {
      return { answer: { key: `grant ${grants + 1}`, value: grants + 1 }, grants: grants + 1 };
    }
    if (wish.kind === 'probe') return keyed(answerProbe(book, wish.ip));
    if (wish.kind === 'stock') return keyed(answerStock(book));
    return { answer: { key: 'slept', value: undefined }, grants };
  }

  async function offerCall(world: World, index: number, call: DatabaseCall, offer: Offer): Promise<void> {
    const name = scenario.actors[index]?.name;
    const holds = world.runs[index]?.holdsAnswerOf ?? null;
    const isWrite = call.method === 'insertOne' || call.method === 'updateOne';
    const isStoring = holds !== null && storesReply(call, holds);
    const answer = callDatabase(world.db, call);
    const isTaking = call.collection === 'openPurchases' && answer.key === 'matched 1';
    const change = { ...(isStoring ? { holdsAnswerOf: null } : {}), ...(isTaking ? { wasSeen: true } : {}) };
    const done = withChange({ ...world, db: answer.state }, index, change);
    const [after, problem] = await goOn(done, index, answer);
    const early =
      isWrite && holds !== null && !isStoring ? `it acts on an answer that it has not stored` : null;
    offer(() => `${name} ${sayCall(call)} -> ${answer.key}`, after, early ?? problem);
    if (!isWrite) return;
    for (const db of new Set([world.db, answer.state])) {
      const faulty = takeFault('lostWrite', world);
      if (!faulty) return;
      const seen = db === world.db || !isTaking ? {} : { wasSeen: true };
      const [lost, lostProblem] = await goOn(withChange({ ...faulty, db }, index, seen), index, lostAnswer);
      const what = db === world.db ? 'fails' : 'is done, its answer lost';
      offer(() => `${name} ${sayCall(call)} ${what}`, lost, lostProblem);
    }
  }

  async function offerAnswers(world: World, index: number, offer: Offer): Promise<void> {
    const call = heldCallOf(world.book, index);
    if (!call) throw new Error('A run waits for a call that it did not make.');
    const ip = nextAddress(world.book);
    const ends: [what: string, reply: RawPurchaseReply, change: Partial<SupplierCall>][] = [
      [`sold ${ip}`, success(ip), { sold: ip, told: true }],
      ['refused', answeredWith('error|Insufficient balance'), {}],
      ['not sent', { kind: 'notSent', why: 'the connection was refused' }, { notSent: true }],
      ['lost, sold', noAnswer, { sold: ip }],
      ['lost, nothing sold', noAnswer, {}],
      ['lost, the supplier goes on', noAnswer, { state: 'left', pace: slower(call) }],
    ];
    for (const [at, [what, reply, change]] of ends.entries()) {
      const from = at === 0 ? world : takeFault('badAnswer', world);
      if (!from) return;
      const book = books.change(from.book, call, { state: 'ended', ...change });
      const told = withChange({ ...from, book }, index, { holdsAnswerOf: call.purchaseId });
      const [after, problem] = await goOn(told, index, { key: `reply ${what}`, value: reply });
      offer(
        () => `the call of ${call.purchaseId} by ${scenario.actors[index]?.name} ends: ${what}`,
        after,
        problem,
      );
    }
  }

  function offerEndsOfLeftCalls(world: World, offer: Offer): void {
    for (const call of world.book) {
      if (call.state !== 'left') continue;
      for (const sold of [nextAddress(world.book), null]) {
        const book = books.change(world.book, call, { state: 'ended', sold });
        offer(() => `the supplier ends ${call.purchaseId}: sold ${sold ?? 'nothing'}`, { ...world, book });
      }
    }
  }

  function offerCancels(world: World, offer: Offer): void {
    for (const call of cancels) {
      const answer = callDatabase(world.db, call);
      const cancelled = answer.key === 'matched 1' ? takeFault('cancel', world) : null;
      if (cancelled) offer(() => `somebody ${sayCall(call)}`, { ...cancelled, db: answer.state });
    }
  }

  /** Time passes freely where nobody can do anything else; otherwise somebody stalls, or the supplier is slow. */
  function offerTime(world: World, isAnyoneAwake: boolean, offer: Offer): void {
    if (!world.runs.some(({ state }) => state?.wish) && world.book.every(({ state }) => state === 'ended'))
      return;
    let later = isAnyoneAwake ? takeFault('stall', world) : world;
    const nowMs = world.nowMs + stepMs;
    for (const call of world.book) {
      if (call.state === 'ended') continue;
      if (nowMs > call.begunMs + latestAnswerMs) return;
      const pace = nowMs > call.begunMs + longestPurchaseMs ? 'late' : call.pace === 'late' ? 'late' : 'slow';
      if (pace === call.pace) continue;
      later = later && takeFault(pace === 'late' ? 'lateCall' : 'slowCall', later);
      later = later && { ...later, book: books.change(later.book, call, { pace }) };
    }
    const problem = nowMs > latestMs ? 'nobody comes to an end' : null;
    if (later) offer(() => `time passes: ${(nowMs - startMs) / 1000} s`, { ...later, nowMs }, problem);
  }

  /** Equal keys: nobody, neither code nor supplier nor the bounds, can tell the worlds apart. */
  function keyOf(world: World): string {
    const { nowMs, db, book, grants, faultsLeft, switchesLeft, last } = world;
    let key = `${nowMs - startMs},${db.id},${books.idOf(book)},${grants},${faultsLeft},${switchesLeft},${last}`;
    for (const { state, sleptSinceMs, holdsAnswerOf, wasSeen } of world.runs) {
      key += `;${state?.id ?? 'x'}`;
      if (wasSeen) key += 'f';
      if (state?.wish?.kind === 'sleep') key += `s${sleptSinceMs - startMs}`;
      if (holdsAnswerOf !== null) key += 'h';
    }
    return key;
  }

  /** What decides how the orders recover from here. */
  function endKeyOf({ nowMs, db, book, grants, faultsLeft }: World): string {
    return `${nowMs},${db.id},${books.idOf(book)},${grants},${faultsLeft === scenario.faults}`;
  }

  /** Without a fault and without anybody beside it, an order is started again and runs to its end. */
  async function recover(
    from: World,
    orderId: string,
  ): Promise<{ world: World; end: string; problem: string | null }> {
    let world = from;
    let state = await runs.start(firstSegment({ orderId, grant: null, from: 'plan', turnsLeft: mostTurns }));
    for (let steps = 0; state.wish; steps += 1) {
      if (steps > 3 * mostAnswers) return { world, end: '', problem: `${orderId} does not recover` };
      const { wish } = state;
      let answer: Answer;
      if (wish.kind === 'database') {
        const done = callDatabase(world.db, wish.call);
        world = { ...world, db: done.state };
        answer = done;
      } else if (wish.kind === 'send') {
        const [begun, problem] = beginCall(world, -1, wish);
        if (problem !== null) return { world, end: '', problem: `while ${orderId} recovers, ${problem}` };
        const call = begun.book.at(-1);
        if (!call) throw new Error('A call is in the book once it has begun.');
        const ip = nextAddress(begun.book);
        world = { ...begun, book: books.change(begun.book, call, { state: 'ended', sold: ip, told: true }) };
        answer = { key: `reply sold ${ip}`, value: success(ip) };
      } else {
        const given = answerWish(world, wish);
        const passed =
          wish.kind === 'sleep' && wish.ms > noPauseMs ? Math.ceil(wish.ms / stepMs) * stepMs : 0;
        world = { ...world, grants: given.grants, nowMs: world.nowMs + passed };
        answer = given.answer;
      }
      state = await runs.answer(state, answer, world.nowMs);
    }
    const problem = state.end === waitsForItsTurn ? 'it goes round in circles' : findRunProblem(state);
    return { world, end: state.end ?? '', problem: problem && `${orderId} recovers: ${problem}` };
  }

  return { start, offerSteps, keyOf, endKeyOf, recover, faultsSeen, counts: runs.counts };
}

/** Nobody runs any more: all have ended or are dead, and so are their calls. */
export function isOver({ runs, book }: World): boolean {
  return runs.every(({ state }) => !state?.wish) && book.every(({ state }) => state === 'ended');
}

/** As a remedy takes the money of an order: what the arbiter forbids matches nothing. */
function cancelsOf({ actors, kinds }: Scenario): DatabaseCall[] {
  if (!kinds.includes('cancel')) return [];
  return [...new Set(actors.map(({ orderId }) => orderId))].map((orderId) => ({
    method: 'updateOne',
    collection: 'orders',
    filter: { _id: orderId, money: 'kept', 'goods.state': { $in: ['none', 'parked'] } },
    update: { $set: { money: 'refunding' } },
  }));
}

function createBooks() {
  const books = new Map<string, SupplierBook>();
  const ids = new Map<SupplierBook, number>();
  const keep = (book: SupplierBook): SupplierBook => {
    const text = JSON.stringify(book);
    const known = books.get(text);
    if (known) return known;
    books.set(text, book);
    ids.set(book, ids.size);
    return book;
  };
  const change = (book: SupplierBook, call: SupplierCall, changes: Partial<SupplierCall>): SupplierBook =>
    keep(book.map((one) => (one === call ? { ...one, ...changes } : one)));
  return { keep, change, idOf: (book: SupplierBook) => ids.get(book) };
}

function rowsBefore(
  scenario: Scenario,
): [collection: string, row: Record<string, unknown> & { _id: string }][] {
  const orderIds = [...new Set(scenario.actors.map(({ orderId }) => orderId))];
  const rows: [string, Record<string, unknown> & { _id: string }][] = orderIds.map((orderId) => [
    'orders',
    { ...anOrder({ _id: orderId, packageKey: packageName }) },
  ]);
  if (scenario.fenceIsThere) {
    rows.push(['openPurchases', { _id: `smartvps:${packageName}`, highest: 0, purchaseId: null }]);
  }
  if (!scenario.foreignKnown) return rows;
  // The counter fell between an earlier sale and now: it is alive.
  const at = '2026-11-20T10:00:00.000Z';
  const times = { intendedAt: at, sentAt: at, settledAt: at };
  const pool = { packageKey: packageName, packageName, stockBefore: 10 };
  return [
    ...rows,
    ['settings', { _id: 'foreignServers', count: 0, at, by: 'ops' }],
    ['purchases', { ...aPurchase({ _id: 'earlier#1', state: 'bought', ...pool, ...times }) }],
  ];
}

function isAwake(run: Run, nowMs: number): boolean {
  const wish = run.state?.wish;
  if (!wish || wish.kind === 'send') return false;
  if (wish.kind !== 'sleep' || wish.ms <= noPauseMs) return true;
  return nowMs >= run.sleptSinceMs + wish.ms;
}

function withRun(world: World, index: number, run: Run): World {
  return { ...world, runs: world.runs.map((one, at) => (at === index ? run : one)) };
}

function withChange(world: World, index: number, change: Partial<Run>): World {
  const run = world.runs[index];
  return run ? withRun(world, index, { ...run, ...change }) : world;
}

function heldCallOf(book: SupplierBook, index: number): SupplierCall | undefined {
  return book.find(({ caller, state }) => caller === index && state === 'held');
}

/** Whom nobody waits for may take as long as a purchase may. */
function slower({ pace }: SupplierCall): SupplierCall['pace'] {
  return pace === 'late' ? 'late' : 'slow';
}

const noAnswer: RawPurchaseReply = { kind: 'noAnswer', why: 'the connection broke' };

function success(ip: string): RawPurchaseReply {
  return answeredWith(`success|Your ip is: ${ip}`);
}

function answeredWith(body: string): RawPurchaseReply {
  return { kind: 'answer', httpStatus: 200, body, receivedAt: '2026-11-21T10:00:30.000Z' };
}

function sayCall(call: DatabaseCall): string {
  if (call.method === 'insertOne') return `inserts ${call.collection}/${call.row._id}`;
  const where = `${call.collection}/${call.filter._id ?? '*'}`;
  if (call.method !== 'updateOne') return `reads ${where}`;
  return `updates ${where}: ${JSON.stringify(call.update).slice(0, 90)}`;
}

/** The reply is offered to the row, whether or not the row takes it. */
function storesReply(call: DatabaseCall, purchaseId: string): boolean {
  if (call.method !== 'updateOne' || call.collection !== 'purchases') return false;
  const { reply, lateReply } = call.update.$set ?? {};
  return call.filter._id === purchaseId && Boolean(reply ?? lateReply);
}

function findRunProblem(state: RunState): string | null {
  if (state.isBroken) return `a run ${state.end}`;
  return state.depth > mostAnswers ? 'a run goes round in circles' : null;
}

/** What the supplier must never see. */
function findCallProblem({ book, db }: World, purchaseId: string): string | null {
  if (book.some((call) => call.purchaseId === purchaseId && !call.notSent)) {
    return `${purchaseId} is sent to the supplier a second time`;
  }
  const open = book.find(({ state, pace }) => state !== 'ended' && pace !== 'late');
  if (open) return `${purchaseId} is sent while ${open.purchaseId} is at the supplier`;
  const holder = db.rows.get(`openPurchases/smartvps:${packageName}`)?.purchaseId;
  return holder === purchaseId ? null : `${purchaseId} is sent while ${holder} holds the fence`;
}
