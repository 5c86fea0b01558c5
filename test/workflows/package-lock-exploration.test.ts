import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { LockPolicy, LockState } from '../../workflows/contract/package-lock.ts';
import {
  applyLockEvent,
  blankLockState,
  type LockEvent,
  nextWakeUpMs,
} from '../../workflows/package-lock-rules.ts';

// Every interleaving of three requesters, the lock, and the messages between them, up to a number of faults.
// Messages of one requester keep their order, grants and news of the dead arrive in any order. The clock stands
// still and every limit is zero, so that a check or the end of a pause may come at any moment.
const policy: LockPolicy = { holderCheckEveryMs: 0, breakerAfter: 1, breakerPausesMs: [0], idleMs: 1 };
const nowMs = 0;

interface Requester {
  mode: 'idle' | 'waiting' | 'holding' | 'dead';
  passesLeft: number;
  askedAtMs: number;
  fencingNumber: number;
  outbox: LockEvent[];
}

interface Grant {
  to: number;
  requestId: string;
  askedAtMs: number;
  fencingNumber: number;
}

interface World {
  lock: LockState;
  requesters: Requester[];
  grants: Grant[];
  answers: LockEvent[];
  /** The queue as a bystander keeps it; its head has the lock, if anybody has. */
  queue: string[];
  faultsLeft: number;
  forced: boolean;
}

interface Step {
  name: string;
  isFault: boolean;
  next: World;
}

const idOf = (index: number) => `order-${index}#1`;

function startWorld(faults: number): World {
  const requester = (): Requester => ({
    mode: 'idle',
    passesLeft: 1,
    askedAtMs: 0,
    fencingNumber: 0,
    outbox: [],
  });
  return {
    lock: blankLockState({ nowMs }),
    requesters: [requester(), requester(), requester()],
    grants: [],
    answers: [],
    queue: [],
    faultsLeft: faults,
    forced: false,
  };
}

function tellLock(world: World, event: LockEvent): World {
  const before = world.lock;
  const { state, commands } = applyLockEvent({ state: before, event, nowMs, policy });
  const grants = commands.flatMap((command) =>
    command.type === 'grant'
      ? [
          {
            to: Number(command.workflowId),
            requestId: command.requestId,
            askedAtMs: command.askedAtMs,
            fencingNumber: command.fencingNumber,
          },
        ]
      : [],
  );
  const lock = { ...state, lastAct: null, lastRefusal: null };
  const next = { ...world, lock, grants: [...world.grants, ...grants], queue: queueAfter(world, event) };
  checkLock(before, next);
  return next;
}

function queueAfter({ queue, lock }: World, event: LockEvent): string[] {
  const without = (requestId: string) => queue.filter((other) => other !== requestId);
  const isHolders = (requestId: string, fencingNumber: number) =>
    lock.holder?.requestId === requestId && lock.holder.fencingNumber === fencingNumber;
  if (event.type === 'requested') {
    return queue.includes(event.requestId) ? queue : [...queue, event.requestId];
  }
  if (event.type === 'forceReleased') return without(event.requestId);
  if (event.type === 'released') {
    const applies = event.fencingNumber === null || isHolders(event.requestId, event.fencingNumber);
    return applies ? without(event.requestId) : queue;
  }
  if (event.type === 'grantFailed' && isHolders(event.requestId, event.fencingNumber)) {
    return without(event.requestId);
  }
  return queue;
}

function checkLock(before: LockState, { lock, queue }: World): void {
  const held = lock.holder === null ? [] : [lock.holder.requestId];
  const inLock = [...held, ...lock.waiters.map(({ requestId }) => requestId)];
  assert.deepEqual(inLock, queue, 'the lock serves in the order of requests and forgets nobody');
  const isNewTurn = lock.holder !== null && lock.holder.fencingNumber !== before.holder?.fencingNumber;
  if (isNewTurn) assert.ok(lock.lastFencingNumber > before.lastFencingNumber, 'fencing numbers rise');
  if (isNewTurn)
    assert.equal(before.pause === null || lock.pause === null, true, 'nothing is granted in a pause');
  if (lock.holder === null && lock.pause === null)
    assert.equal(lock.waiters.length, 0, 'a free lock is granted');
}

function withRequester(world: World, index: number, change: Partial<Requester>): World {
  const requesters = world.requesters.map((one, at) => (at === index ? { ...one, ...change } : one));
  return { ...world, requesters };
}

function post(world: World, index: number, events: LockEvent[], change: Partial<Requester>): World {
  const outbox = [...(world.requesters[index]?.outbox ?? []), ...events];
  return withRequester(world, index, { ...change, outbox });
}

function stepsOf(world: World): Step[] {
  const steps: Step[] = [];
  const may = (name: string, next: World) => steps.push({ name, isFault: false, next });
  const fault = (name: string, next: World) => {
    if (world.faultsLeft === 0) return;
    steps.push({ name, isFault: true, next: { ...next, faultsLeft: world.faultsLeft - 1 } });
  };
  // The three are alike: the first requests are sent in their order, and nobody dies before its own.
  const asking = world.requesters.findIndex(({ askedAtMs }) => askedAtMs === 0);
  world.requesters.forEach((requester, index) => {
    if (asking < 0 || index <= asking) addRequesterSteps({ world, requester, index, may, fault });
  });
  world.grants.forEach((grant, at) => {
    const rest = world.grants.filter((_, other) => other !== at);
    may(`grant ${grant.fencingNumber} arrives`, deliverGrant({ ...world, grants: rest }, grant));
  });
  world.answers.forEach((answer, at) => {
    const rest = world.answers.filter((_, other) => other !== at);
    may('an answer arrives', tellLock({ ...world, answers: rest }, answer));
  });
  addLockSteps({ world, may, fault });
  return steps;
}

type Offer = (name: string, next: World) => void;

function addLockSteps({ world, may, fault }: { world: World; may: Offer; fault: Offer }): void {
  const dueMs = nextWakeUpMs({ state: world.lock, policy });
  if (dueMs !== null && dueMs <= nowMs && world.grants.length === 0 && world.answers.length === 0) {
    may('the clock', tellLock(world, { type: 'tick' }));
  }
  const words = { reason: '', by: '' };
  if (world.lock.pause !== null) may('resumeLock', tellLock(world, { type: 'resumed', ...words }));
  fault('pauseLock', tellLock(world, { type: 'paused', ...words }));
  const { holder } = world.lock;
  if (holder !== null) {
    const event: LockEvent = { type: 'forceReleased', requestId: holder.requestId, ...words };
    fault('forceRelease', { ...tellLock(world, event), forced: true });
  }
}

function addRequesterSteps(given: {
  world: World;
  requester: Requester;
  index: number;
  may: Offer;
  fault: Offer;
}): void {
  const { world, requester, index, may, fault } = given;
  const requestId = idOf(index);
  const who = { requestId, workflowId: String(index) };
  const [first, ...rest] = requester.outbox;
  if (first !== undefined) {
    may(`${index} ${first.type}`, tellLock(withRequester(world, index, { outbox: rest }), first));
    fault(`${index} ${first.type} twice`, tellLock(world, first));
  }
  const release = (outcome: 'noVerdict' | 'supplierUnreachable', fencingNumber: number | null): LockEvent => {
    return { type: 'released', requestId, outcome, fencingNumber };
  };
  if (requester.mode === 'idle' && requester.passesLeft > 0) {
    const askedAtMs = requester.askedAtMs + 1;
    const change: Partial<Requester> = { mode: 'waiting', askedAtMs, passesLeft: requester.passesLeft - 1 };
    may(`${index} asks`, post(world, index, [{ type: 'requested', ...who, askedAtMs }], change));
  }
  if (requester.mode === 'waiting') {
    const gone: Partial<Requester> = { mode: 'idle', passesLeft: requester.passesLeft + 1 };
    fault(`${index} withdraws, may ask again`, post(world, index, [release('noVerdict', null)], gone));
  }
  if (requester.mode === 'holding') {
    const { fencingNumber } = requester;
    const idle: Partial<Requester> = { mode: 'idle', fencingNumber: 0 };
    may(`${index} ends`, post(world, index, [release('noVerdict', fencingNumber)], idle));
    fault(`${index} fails`, post(world, index, [release('supplierUnreachable', fencingNumber)], idle));
  }
  if (requester.mode === 'dead') {
    const again: Partial<Requester> = { mode: 'idle', passesLeft: 1, fencingNumber: 0 };
    fault(`${index} is started again`, post(world, index, [release('noVerdict', null)], again));
  } else if (requester.askedAtMs > 0) {
    fault(`${index} dies`, withRequester(world, index, { mode: 'dead', passesLeft: 0, fencingNumber: 0 }));
  }
  const isAsking = requester.outbox.some(({ type }) => type === 'requested');
  const heardAtMs = requester.askedAtMs - (isAsking ? 1 : 0);
  if (heardAtMs > 0) {
    const late: LockEvent = { type: 'requested', ...who, askedAtMs: heardAtMs };
    fault(`${index} late copy of its request`, tellLock(world, late));
  }
}

/** As `with-package-lock.ts` does it. */
function deliverGrant(world: World, grant: Grant): World {
  const { requestId, fencingNumber, askedAtMs } = grant;
  const requester = world.requesters[grant.to];
  assert.ok(requester);
  if (requester.mode === 'dead') {
    const failed: LockEvent = { type: 'grantFailed', requestId, fencingNumber, workflowGone: true };
    return { ...world, answers: [...world.answers, failed] };
  }
  const delivered = tellLock(world, { type: 'grantDelivered', requestId, fencingNumber });
  if (requester.mode === 'idle') {
    const unwanted: LockEvent = { type: 'released', requestId, outcome: 'noVerdict', fencingNumber };
    const isOnItsWay = requester.outbox.some((sent) => isDeepStrictEqual(sent, unwanted));
    return isOnItsWay ? delivered : post(delivered, grant.to, [unwanted], {});
  }
  if (requester.mode === 'holding') {
    const latest = Math.max(requester.fencingNumber, fencingNumber);
    return withRequester(delivered, grant.to, { fencingNumber: latest });
  }
  if (askedAtMs !== requester.askedAtMs) return delivered;
  return withRequester(delivered, grant.to, { mode: 'holding', fencingNumber });
}

function countInside({ requesters }: World): number {
  return requesters.filter(({ mode }) => mode === 'holding').length;
}

/** A dead holder is looked for only once somebody waits: until then the lock may keep its name. */
function isServed({ lock, requesters, grants, answers }: World): boolean {
  if (lock.waiters.length > 0 || grants.length > 0 || answers.length > 0) return false;
  if (lock.holder !== null && requesters[Number(lock.holder.workflowId)]?.mode !== 'dead') return false;
  return requesters.every(({ mode, outbox, passesLeft }) => {
    return (mode === 'idle' || mode === 'dead') && outbox.length === 0 && passesLeft === 0;
  });
}

interface Explored {
  /** Per world: how it was reached first, and from which worlds a step without a fault leads to it. */
  reachedBy: { from: number; name: string }[];
  cameFrom: number[][];
  served: number[];
}

/** All worlds that can be reached. */
function explore(faults: number): Explored {
  const start = startWorld(faults);
  const seen = new Map<string, number>([[JSON.stringify(start), 0]]);
  const found: Explored = { reachedBy: [{ from: 0, name: 'start' }], cameFrom: [[]], served: [] };
  let layer: [number, World][] = [[0, start]];
  while (layer.length > 0) {
    const following: [number, World][] = [];
    for (const [from, world] of layer) {
      if (!world.forced) assert.ok(countInside(world) <= 1, `two hold the lock: ${pathTo(from, found)}`);
      if (isServed(world)) found.served.push(from);
      for (const { name, isFault, next } of stepsOf(world)) {
        const key = JSON.stringify(next);
        const to = seen.get(key) ?? seen.size;
        if (to === seen.size) {
          seen.set(key, to);
          found.cameFrom.push([]);
          found.reachedBy.push({ from, name });
          following.push([to, next]);
        }
        if (!isFault) found.cameFrom[to]?.push(from);
      }
    }
    layer = following;
  }
  return found;
}

function pathTo(world: number, { reachedBy }: Explored): string {
  const names: string[] = [];
  let at = world;
  while (at > 0) {
    const step = reachedBy[at];
    assert.ok(step);
    names.unshift(step.name);
    at = step.from;
  }
  return names.join(' | ');
}

/** The worlds without a way, free of further faults, to one where everybody is served, withdrawn or dead. */
function findStuck({ served, cameFrom }: Explored): number[] {
  const reached = new Set(served);
  const open = [...served];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const from of cameFrom[at] ?? []) {
      if (reached.has(from)) continue;
      reached.add(from);
      open.push(from);
    }
  }
  return cameFrom.flatMap((_, world) => (reached.has(world) ? [] : [world]));
}

for (const faults of [0, 1, 2]) {
  test(`three requesters and ${faults} faults: one holder, first come first served, nobody stuck`, (t) => {
    const explored = explore(faults);
    t.diagnostic(`${explored.cameFrom.length} worlds`);
    assert.ok(explored.served.length > 0);
    const [stuck] = findStuck(explored);
    assert.equal(stuck, undefined, stuck === undefined ? '' : `stuck after: ${pathTo(stuck, explored)}`);
  });
}
