import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LockPolicy, LockState, ReleaseOutcome } from '../../workflows/contract/package-lock.ts';
import {
  applyLockEvent,
  blankLockState,
  isIdleOver,
  type LockCommand,
  type LockEvent,
} from '../../workflows/package-lock-rules.ts';
import { seedOfThisRun } from './dice.ts';

// The rules of the lock against a model that says them once more, in another way: after each command both must have the
// same holder, queue, pause and breaker, and must send the same messages in the same order.

const runs = 20_000;
const mostCommands = 50;
const policy: LockPolicy = {
  holderCheckEveryMs: 60,
  breakerAfter: 2,
  breakerPausesMs: [100, 500],
  idleMs: 1_000,
};

interface Model {
  nowMs: number;
  holder: null | { id: string; number: number; delivered: boolean; grantSentAtMs: number };
  queue: string[];
  lastNumber: number;
  pause: null | { byPerson: boolean; untilMs: number | null };
  failures: number;
  pauses: number;
  blankSinceMs: number | null;
}

interface Real {
  state: LockState;
  asked: number;
}

/** Messages in words: the model writes what it expects, the commands are put into the same words. */
function sayCommand(command: LockCommand): string {
  if (command.type === 'grant') return `grant ${command.fencingNumber} to ${command.requestId}`;
  const to = command.to.map(({ requestId }) => requestId).join(' ');
  return command.type === 'tellPaused' ? `paused until ${command.untilMs}: ${to}` : `resumed: ${to}`;
}

/** A command changes the model, says what must be sent, and is an event for the lock. */
function lockStep(
  name: string,
  toEvent: (model: Model, real: Real) => LockEvent,
  expect: (model: Model) => string[],
): fc.Command<Model, Real> {
  return {
    check: () => true,
    toString: () => name,
    run(model, real) {
      const event = toEvent(model, real);
      const sent = expect(model);
      const before = JSON.stringify(real.state);
      const { state, commands } = applyLockEvent({ state: real.state, event, nowMs: model.nowMs, policy });
      assert.equal(JSON.stringify(real.state), before, 'the state given is left as it is');
      sent.push(...grantNext(model));
      assert.deepEqual(commands.map(sayCommand), sent);
      // Carried into the next run as JSON, it must say the same.
      real.state = JSON.parse(JSON.stringify(state)) as LockState;
      compare(model, real.state);
    },
  };
}

function compare(model: Model, state: LockState): void {
  const { holder } = state;
  assert.deepEqual(
    holder && { id: holder.requestId, number: holder.fencingNumber, delivered: holder.delivered },
    model.holder && { id: model.holder.id, number: model.holder.number, delivered: model.holder.delivered },
  );
  assert.deepEqual(
    state.waiters.map(({ requestId }) => requestId),
    model.queue,
  );
  assert.deepEqual(
    state.pause && { byPerson: state.pause.kind === 'person', untilMs: state.pause.untilMs },
    model.pause,
  );
  assert.deepEqual(state.breaker, { unreachableInARow: model.failures, pausesInARow: model.pauses });
  assert.equal(state.lastFencingNumber, model.lastNumber);
  const isBlank =
    !model.holder && model.queue.length === 0 && !model.pause && model.failures + model.pauses === 0;
  model.blankSinceMs = isBlank ? (model.blankSinceMs ?? model.nowMs) : null;
  const isOver = isBlank && model.nowMs - (model.blankSinceMs ?? model.nowMs) >= policy.idleMs;
  assert.equal(isIdleOver({ state, nowMs: model.nowMs, policy }), isOver);
}

function grantNext(model: Model): string[] {
  const next = model.holder || model.pause ? undefined : model.queue.shift();
  if (next === undefined) return [];
  model.lastNumber = Math.max(model.lastNumber + 1, model.nowMs);
  model.holder = { id: next, number: model.lastNumber, delivered: false, grantSentAtMs: model.nowMs };
  return [`grant ${model.lastNumber} to ${next}`];
}

function repeatGrant(model: Model): string[] {
  if (!model.holder) return [];
  model.holder.grantSentAtMs = model.nowMs;
  return [`grant ${model.holder.number} to ${model.holder.id}`];
}

function pause(model: Model, begun: NonNullable<Model['pause']>): string[] {
  if (model.pause?.byPerson && !begun.byPerson) return [];
  const isNews = model.pause === null && model.queue.length > 0;
  model.pause = begun;
  return isNews ? [`paused until ${begun.untilMs}: ${model.queue.join(' ')}`] : [];
}

function resume(model: Model): string[] {
  if (!model.pause) return [];
  model.pause = null;
  return model.queue.length > 0 ? [`resumed: ${model.queue.join(' ')}`] : [];
}

function judge(model: Model, outcome: ReleaseOutcome): string[] {
  if (outcome === 'supplierAnswered') [model.failures, model.pauses] = [0, 0];
  if (outcome === 'supplierRejectedCredentials') return pause(model, { byPerson: false, untilMs: null });
  if (outcome !== 'supplierUnreachable') return [];
  model.failures += 1;
  if (model.failures < policy.breakerAfter) return [];
  const length = model.pauses === 0 ? 100 : 500;
  model.pauses += 1;
  return pause(model, { byPerson: false, untilMs: model.nowMs + length });
}

const idOf = (n: number): string => `o${n}#1`;
const words = { reason: 'why', by: 'ops' };

const ask = (n: number): fc.Command<Model, Real> =>
  lockStep(
    `${idOf(n)} asks`,
    (_, real) => {
      real.asked += 1;
      return { type: 'requested', requestId: idOf(n), workflowId: `order-o${n}`, askedAtMs: real.asked };
    },
    (model) => {
      if (model.holder?.id === idOf(n)) return repeatGrant(model);
      if (!model.queue.includes(idOf(n))) model.queue.push(idOf(n));
      return model.pause ? [`paused until ${model.pause.untilMs}: ${idOf(n)}`] : [];
    },
  );

type Numbering = 'none' | 'own' | 'older';

const release = (n: number, outcome: ReleaseOutcome, numbering: Numbering): fc.Command<Model, Real> =>
  lockStep(
    `${idOf(n)} releases as ${outcome}, number ${numbering}`,
    (model) => {
      const number = (model.holder?.number ?? 1) - (numbering === 'older' ? 1 : 0);
      const fencingNumber = numbering === 'none' ? null : number;
      return { type: 'released', requestId: idOf(n), outcome, fencingNumber };
    },
    (model) => {
      if (model.holder?.id === idOf(n) && numbering !== 'older') {
        model.holder = null;
        return judge(model, outcome);
      }
      if (numbering === 'none' && model.holder?.id !== idOf(n)) {
        model.queue = model.queue.filter((id) => id !== idOf(n));
      }
      return [];
    },
  );

const forceRelease = (n: number): fc.Command<Model, Real> =>
  lockStep(
    `forceRelease of ${idOf(n)}`,
    () => ({ type: 'forceReleased', requestId: idOf(n), ...words }),
    (model) => {
      if (model.holder?.id === idOf(n)) model.holder = null;
      else model.queue = model.queue.filter((id) => id !== idOf(n));
      return [];
    },
  );

const person = (type: 'paused' | 'resumed'): fc.Command<Model, Real> =>
  lockStep(
    type,
    () => ({ type, ...words }),
    (model) => (type === 'paused' ? pause(model, { byPerson: true, untilMs: null }) : resume(model)),
  );

const grantEnds = (isOld: boolean, isGone: boolean | null): fc.Command<Model, Real> =>
  lockStep(
    `the grant${isOld ? ' of an older number' : ''} ${isGone === null ? 'arrives' : `fails, gone: ${isGone}`}`,
    (model) => {
      const requestId = model.holder?.id ?? idOf(1);
      const grant = { requestId, fencingNumber: (model.holder?.number ?? 1) - (isOld ? 1 : 0) };
      return isGone === null
        ? { type: 'grantDelivered', ...grant }
        : { type: 'grantFailed', ...grant, workflowGone: isGone };
    },
    (model) => {
      if (isOld || !model.holder) return [];
      if (isGone === null) model.holder.delivered = true;
      else if (isGone || !model.holder.delivered) model.holder = null;
      return [];
    },
  );

const later = (ms: number): fc.Command<Model, Real> =>
  lockStep(
    `${ms} ms later`,
    (model) => {
      model.nowMs += ms;
      return { type: 'tick' };
    },
    (model) => {
      const isPauseOver = model.pause?.untilMs != null && model.nowMs >= model.pause.untilMs;
      const sent = isPauseOver ? resume(model) : [];
      const { holder } = model;
      const isDue = holder && model.nowMs - holder.grantSentAtMs >= policy.holderCheckEveryMs;
      if (isDue && !model.pause && model.queue.length > 0) sent.push(...repeatGrant(model));
      return sent;
    },
  );

const someone = fc.integer({ min: 1, max: 6 });
const outcomes = fc.constantFrom<ReleaseOutcome>(
  'supplierAnswered',
  'supplierUnreachable',
  'supplierUnreachable',
  'supplierRejectedCredentials',
  'noVerdict',
);
const numberings = fc.constantFrom<Numbering>('none', 'none', 'own', 'older');
const everyCommand = [
  someone.map(ask),
  someone.map(ask),
  fc.tuple(someone, outcomes, numberings).map((given) => release(...given)),
  fc.tuple(someone, outcomes, numberings).map((given) => release(...given)),
  someone.map(forceRelease),
  fc.constantFrom<'paused' | 'resumed'>('paused', 'resumed', 'resumed').map(person),
  fc
    .tuple(fc.boolean(), fc.constantFrom<boolean | null>(null, true, false))
    .map((given) => grantEnds(...given)),
  fc.constantFrom(0, 1, 59, 60, 100, 500, 1_000).map(later),
];

test(`${runs} runs of up to ${mostCommands} commands: the lock does what the model says`, (t) => {
  const seed = seedOfThisRun();
  let steps = 0;
  let held = 0;
  fc.assert(
    fc.property(fc.commands(everyCommand, { maxCommands: mostCommands, size: 'max' }), (commands) => {
      const real: Real = { state: blankLockState({ nowMs: 0 }), asked: 0 };
      const model: Model = {
        nowMs: 0,
        holder: null,
        queue: [],
        lastNumber: 0,
        pause: null,
        failures: 0,
        pauses: 0,
        blankSinceMs: 0,
      };
      fc.modelRun(() => ({ model, real }), commands);
      steps += [...commands].length;
      if (model.holder) held += 1;
    }),
    { numRuns: runs, seed },
  );
  t.diagnostic(`FAULTS_SEED=${seed}, ${runs} runs, ${steps} commands, ${held} runs ended with a holder`);
  assert.ok(steps > runs * 10, 'the runs are too short to prove anything');
});
