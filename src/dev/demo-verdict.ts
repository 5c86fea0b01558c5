import { type DemoFigures, figuresOf, type ObservedRun, sumOf } from './demo-figures.ts';
import type { SpeedFigures } from './demo-speed.ts';

/** The package that all ten customers of the incident want. */
export const incidentPackage = '103.181.91';

/** Everything the demo has seen; the speed run holds the order for the package with the near name, too. */
export interface DemoEvidence {
  truthful: ObservedRun;
  stale: ObservedRun;
  speedRun: ObservedRun;
  speed: SpeedFigures;
}

/** Both runs of the incident and the speed run `beside` them, the sums, and one sentence for each thing that is not as it must be. */
export interface DemoVerdict {
  truthful: DemoFigures;
  stale: DemoFigures;
  beside: DemoFigures;
  /**
   * The object of design 15: sums over both runs of the incident. What must never happen (wrongDelivered,
   * doublePurchases, overlaps, stuck) also counts where the speed run shows it.
   */
  sums: DemoFigures;
  /** Addresses of another package that the supplier sold. */
  wrongPurchases: { truthful: number; stale: number; beside: number };
  broken: string[];
}

/** Judges what was seen by the simulator's ledger. */
export function judgeDemo(evidence: DemoEvidence): DemoVerdict {
  const truthful = figuresOf(evidence.truthful);
  const stale = figuresOf(evidence.stale);
  const beside = figuresOf(evidence.speedRun);
  const sums = {
    ...sumOf([truthful, stale]),
    wrongDelivered: truthful.wrongDelivered + stale.wrongDelivered + beside.wrongDelivered,
    doublePurchases: truthful.doublePurchases + stale.doublePurchases + beside.doublePurchases,
    overlaps: truthful.overlaps + stale.overlaps + beside.overlaps,
    stuck: truthful.stuck + stale.stuck + beside.stuck,
  };
  const wrongPurchases = {
    truthful: wrongPurchasesOf(evidence.truthful),
    stale: wrongPurchasesOf(evidence.stale),
    beside: wrongPurchasesOf(evidence.speedRun),
  };
  const wrongPackage = evidence.stale.orders.filter(
    ({ failureCode }) => failureCode === 'wrongPackage',
  ).length;
  const broken = [
    expect('orders delivered in both runs', sums.delivered, 18),
    expect('addresses handed over that do not match', sums.wrongDelivered, 0),
    expect('sales without a purchase row of their own', sums.doublePurchases, 0),
    expect('purchases of one package that overlapped', sums.overlaps, 0),
    expect('stuck orders', sums.stuck, 0),
    expect('customers told sold out in run 1', truthful.waiting + truthful.refused, 1),
    expect('wrong purchases in run 1', wrongPurchases.truthful, 0),
    expect('wrong purchases in run 2', wrongPurchases.stale, 1),
    expect('orders of run 2 that wait for a decision as wrongPackage', wrongPackage, 1),
    expect('orders delivered in the speed run', beside.delivered, evidence.speed.orders),
    expect('wrong purchases in the speed run', wrongPurchases.beside, 1),
  ].filter((sentence) => sentence !== null);
  return { truthful, stale, beside, sums, wrongPurchases, broken };
}

/** Sales whose address came from another package than the one asked for. */
function wrongPurchasesOf({ ledger }: ObservedRun): number {
  const { byPackage } = ledger.summary;
  return Object.values(byPackage).reduce((sum, { soldElsewhere }) => sum + soldElsewhere, 0);
}

function expect(what: string, seen: number, wanted: number): string | null {
  return seen === wanted ? null : `${what}: ${seen}, expected ${wanted}`;
}
