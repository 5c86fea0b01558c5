export type PurchaseAnswer =
  | 'pending'
  | 'success'
  | 'error'
  | 'twoAddresses'
  | 'garbage'
  | 'status'
  | 'redirect'
  | 'hugeBody'
  | 'droppedBefore'
  | 'lost'
  | 'neverAnswered'
  | 'interrupted';

/** One `buyvps` call as the supplier saw it; times are ISO UTC. */
export interface PurchaseCall {
  callId: string;
  startedAt: string;
  /** When the address was sold. */
  committedAt: string | null;
  /** When the last byte of the answer was handed over. */
  answeredAt: string | null;
  /** When the supplier was done with the call: answered, or (no answer) sold, or given up. */
  endedAt: string | null;
  /** Order of starts and ends over all calls: exact where two fall into one millisecond. */
  startSequence: number;
  endSequence: number | null;
  request: { ip: string; ram: string };
  username: string;
  soldAddress: string | null;
  packageOfAddress: string | null;
  answer: PurchaseAnswer;
  rawAnswer: string | null;
  closedEarlyByClient: boolean;
}

export interface PackageSummary {
  calls: number;
  sales: number;
  /** Sales whose address came from another package than the one asked for. */
  soldElsewhere: number;
  handOffsMs: number[];
}

export interface LedgerSummary {
  calls: number;
  sales: number;
  /** Each pair of calls for the same requested package that ran at once. */
  overlaps: { package: string; first: string; second: string }[];
  byPackage: Record<string, PackageSummary>;
  /** From the end of a purchase to the start of the next of the same package, all packages. */
  handOffsMs: number[];
  firstStart: string | null;
  lastEnd: string | null;
}

/** What the oracle says about a run: sales, overlaps and hand-offs per requested package. */
export function summarise(purchases: readonly PurchaseCall[]): LedgerSummary {
  const groups = Map.groupBy(purchases, (call) => call.request.ip);
  const byPackage = Object.fromEntries(
    [...groups].map(([name, calls]) => [name, summarisePackage(name, calls)]),
  );
  return {
    calls: purchases.length,
    sales: purchases.filter((call) => call.soldAddress !== null).length,
    overlaps: [...groups].flatMap(([name, calls]) => findOverlaps(name, calls)),
    byPackage,
    handOffsMs: Object.values(byPackage).flatMap((summary) => summary.handOffsMs),
    firstStart: purchases.map((call) => call.startedAt).sort()[0] ?? null,
    lastEnd:
      purchases
        .flatMap((call) => call.endedAt ?? [])
        .sort()
        .at(-1) ?? null,
  };
}

function summarisePackage(name: string, calls: readonly PurchaseCall[]): PackageSummary {
  const sold = calls.filter((call) => call.soldAddress !== null);
  return {
    calls: calls.length,
    sales: sold.length,
    soldElsewhere: sold.filter((call) => call.packageOfAddress !== name).length,
    handOffsMs: handOffsMs(calls),
  };
}

function findOverlaps(name: string, calls: readonly PurchaseCall[]): LedgerSummary['overlaps'] {
  let running: PurchaseCall[] = [];
  return byStart(calls).flatMap((call) => {
    running = running.filter((earlier) => (earlier.endSequence ?? Infinity) > call.startSequence);
    const pairs = running.map((earlier) => ({ package: name, first: earlier.callId, second: call.callId }));
    running.push(call);
    return pairs;
  });
}

/** A start counts from the latest end before it; a start while another runs has no hand-off. */
function handOffsMs(calls: readonly PurchaseCall[]): number[] {
  let lastEndSequence = -1;
  let lastEndMs = Number.NaN;
  return byStart(calls).flatMap((call) => {
    const free = lastEndSequence >= 0 && lastEndSequence < call.startSequence;
    const handOff = free ? [Date.parse(call.startedAt) - lastEndMs] : [];
    const endSequence = call.endSequence ?? Infinity;
    if (endSequence > lastEndSequence) {
      lastEndSequence = endSequence;
      lastEndMs = Date.parse(call.endedAt ?? '');
    }
    return handOff;
  });
}

function byStart(calls: readonly PurchaseCall[]): PurchaseCall[] {
  return [...calls].sort((left, right) => left.startSequence - right.startSequence);
}
