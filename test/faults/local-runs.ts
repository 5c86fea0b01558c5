import { setImmediate } from 'node:timers/promises';
import type { Collections } from '../../src/database.ts';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import { collectionsOver, type DatabaseCall } from './step-database.ts';

/*
 * The real code as an automaton. What a run does next depends on nothing but where its segment began, the answers that
 * it got since, and the clock where it looked at it: so the code runs once for each such history, and what it then asks
 * for is remembered. An exploration of interleavings walks these remembered steps.
 */

/** What a run asks the world for; each is a point at which others may go first. */
export type Wish =
  | { kind: 'database'; call: DatabaseCall }
  | { kind: 'send'; purchaseId: string; fencingNumber: number }
  | { kind: 'sleep'; ms: number }
  | { kind: 'probe'; ip: string }
  | { kind: 'stock' }
  | { kind: 'grant' };

/** What the world answers; equal answers have equal keys. */
export interface Answer {
  key: string;
  value: unknown;
  error?: Error | undefined;
}

/** The world as a run sees it. */
export interface RunWorld {
  db: Collections;
  now: () => string;
  send: (input: { purchaseId: string; fencingNumber: number }) => Promise<RawPurchaseReply>;
  sleep: (ms: number) => Promise<void>;
  probe: (ip: string) => Promise<unknown>;
  readStock: () => Promise<unknown>;
  /** The next fencing number. */
  askGrant: () => Promise<number>;
}

/** A point in a run: it waits for the answer to its oldest wish, or has ended. */
export interface RunState {
  id: number;
  wish: Wish | null;
  /** How it ended: its outcome, or what it threw. */
  end: string | null;
  isBroken: boolean;
  /** Answers since its segment began. */
  depth: number;
}

export interface LocalRuns<S> {
  start: (segment: S) => RunState | Promise<RunState>;
  /** At once where the code has been here before. */
  answer: (state: RunState, answer: Answer, nowMs: number) => RunState | Promise<RunState>;
  counts: () => { states: number; executions: number };
}

interface Entry {
  answer: Answer;
  nowMs: number;
}

interface Known<S> extends RunState {
  segment: S;
  history: Entry[];
  before: Known<S> | null;
  /** By the answer's key alone where the code did not look at the clock, else with the time. */
  following: Map<string, Known<S>>;
  live: Live<S> | null;
}

type Ended<S> = { next: S } | { end: string } | { thrown: string };

interface Live<S> {
  feed: (entry: Entry) => void;
  wish: () => Wish | null;
  end: () => Ended<S> | null;
  lookedAtClock: () => boolean;
}

/** `run` is one segment of a run: it ends as a whole, or says with which segment the run goes on. */
export function createLocalRuns<S>(
  run: (world: RunWorld, segment: S) => Promise<{ next: S } | { end: string }>,
): LocalRuns<S> {
  const starts = new Map<string, Known<S>>();
  const ends = new Map<string, Known<S>>();
  let states = 0;
  let executions = 0;

  const create = (given: Omit<Known<S>, 'id' | 'depth' | 'following'>): Known<S> => {
    states += 1;
    return { ...given, id: states, depth: given.history.length, following: new Map() };
  };

  const endAs = (segment: S, end: string, isBroken: boolean): Known<S> => {
    const known = ends.get(end);
    if (known) return known;
    const created = create({ segment, history: [], before: null, live: null, wish: null, end, isBroken });
    ends.set(end, created);
    return created;
  };

  const begin = async (segment: S): Promise<Known<S>> => {
    const key = JSON.stringify(segment);
    const known = starts.get(key);
    if (known) return known;
    executions += 1;
    const live = await execute(run, segment, []);
    const started = await know({ segment, live, history: [], before: null });
    starts.set(key, started);
    return started;
  };

  const know = (given: Pick<Known<S>, 'segment' | 'history' | 'before'> & { live: Live<S> }) => {
    const end = given.live.end();
    if (!end) return create({ ...given, wish: given.live.wish(), end: null, isBroken: false });
    if ('next' in end) return begin(end.next);
    return 'end' in end
      ? endAs(given.segment, end.end, false)
      : endAs(given.segment, `threw ${end.thrown}`, true);
  };

  const goOn = async (from: Known<S>, answer: Answer, nowMs: number): Promise<Known<S>> => {
    let { live } = from;
    from.live = null;
    if (!live) {
      executions += 1;
      live = await execute(run, from.segment, from.history);
    }
    const entry = { answer, nowMs };
    live.feed(entry);
    await setImmediate();
    const history = [...from.history, entry];
    const again = findSameWait(from, live, history);
    const next = again ?? (await know({ segment: from.segment, live, history, before: from }));
    from.following.set(live.lookedAtClock() ? `${answer.key} at ${nowMs}` : answer.key, next);
    return next;
  };

  return {
    counts: () => ({ states, executions }),
    start: (segment) => starts.get(JSON.stringify(segment)) ?? begin(segment),
    answer(state, answer, nowMs) {
      const from = state as Known<S>;
      const seen = from.following.get(answer.key) ?? from.following.get(`${answer.key} at ${nowMs}`);
      return seen ?? goOn(from, answer, nowMs);
    },
  };
}

/** One more round of a loop that looked, slept, looked again, saw the same and sleeps as long: it is where it was. */
function findSameWait<S>(from: Known<S>, live: Live<S>, history: Entry[]): Known<S> | null {
  const [looked, slept, lookedAgain] = history.slice(-3).map(({ answer }) => answer.key);
  if (slept !== 'slept' || looked === undefined || looked !== lookedAgain) return null;
  const wish = live.wish();
  const wait = from.before;
  const isSame = wish?.kind === 'sleep' && wait?.wish?.kind === 'sleep' && wait.wish.ms === wish.ms;
  return isSame ? wait : null;
}

/** Runs the code up to where `history` ends. Wishes of one run are answered in the order in which they were said. */
async function execute<S>(
  run: (world: RunWorld, segment: S) => Promise<{ next: S } | { end: string }>,
  segment: S,
  history: Entry[],
): Promise<Live<S>> {
  const entries = [...history];
  const waiting: { wish: Wish; settle: (answer: Answer) => void }[] = [];
  let said = 0;
  let lookedAtClock = false;
  let end: Ended<S> | null = null;
  const ask = (wish: Wish): Promise<unknown> => {
    const entry = entries[said];
    said += 1;
    if (entry) return toPromise(entry.answer);
    return new Promise((resolve, reject) => {
      const settle = ({ value, error }: Answer) => (error ? reject(error) : resolve(value));
      waiting.push({ wish, settle });
    });
  };
  const now = () => {
    lookedAtClock = true;
    if (said === 0)
      throw new Error('A segment that looks at the clock first would depend on when it begins.');
    return new Date(entries[said - 1]?.nowMs ?? entries.at(-1)?.nowMs ?? Number.NaN).toISOString();
  };
  const world: RunWorld = {
    db: collectionsOver((call) => ask({ kind: 'database', call })),
    now,
    send: (sending) => ask({ kind: 'send', ...sending }) as Promise<RawPurchaseReply>,
    sleep: async (ms) => {
      await ask({ kind: 'sleep', ms });
    },
    probe: (ip) => ask({ kind: 'probe', ip }),
    readStock: () => ask({ kind: 'stock' }),
    askGrant: () => ask({ kind: 'grant' }) as Promise<number>,
  };
  void run(world, segment).then(
    (ended) => {
      end = ended;
    },
    (error: unknown) => {
      end = { thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    },
  );
  await setImmediate();
  return {
    feed: (entry) => {
      lookedAtClock = false;
      entries.push(entry);
      waiting.shift()?.settle(entry.answer);
    },
    wish: () => waiting[0]?.wish ?? null,
    end: () => end,
    lookedAtClock: () => lookedAtClock,
  };
}

function toPromise({ value, error }: Answer): Promise<unknown> {
  return error ? Promise.reject(error) : Promise.resolve(value);
}
