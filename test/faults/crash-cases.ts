import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Border, checkoutBorders, provisioningBorders, saleBorder, webhookBorder } from './borders.ts';
import type { CrashService, Victim } from './crash-service.ts';
import { type CaseResult, type CrashCase, runWave } from './crash-wave.ts';
import type { Phase } from './gate.ts';

/** So many orders reach their borders together within seconds on two cores. */
const casesInAWave = 16;

/** Which sides of which borders a victim dies on. */
export interface CrashPlan {
  victim: Victim;
  bordersOf: readonly { borders: readonly Border[]; phases: readonly Phase[] }[];
}

export const both: readonly Phase[] = ['before', 'after'];
export { checkoutBorders, provisioningBorders, saleBorder, webhookBorder };

/** The cases of one victim, each with a package of its own: `103.<second>.<n>`. */
export function casesOf({ victim, bordersOf }: CrashPlan, second: number): CrashCase[] {
  const sides = bordersOf.flatMap(({ borders, phases }) =>
    borders.flatMap((border) => phases.map((phase) => ({ kind: 'border' as const, border, phase }))),
  );
  const places: CrashCase['at'][] = [...sides, { kind: 'asked' }, { kind: 'waiting' }];
  return places.map((at, index) => ({
    name: `${victim} dies ${wordsOf(at)}`,
    victim,
    at,
    packageName: `103.${second}.${index + 1}`,
    mayStayUnknown: mayStayUnknown(victim, at),
    mailMayRepeat: isMailBorder(victim, at),
  }));
}

function wordsOf(at: CrashCase['at']): string {
  if (at.kind === 'asked') return 'while the supplier works on the purchase, before the sale';
  if (at.kind === 'waiting') return 'while an order waits for the lock behind another at the supplier';
  const { border, phase } = at;
  if (border === saleBorder) {
    return phase === 'before'
      ? 'with the purchase sent, before the sale'
      : 'after the sale, before its answer';
  }
  return phase === 'before' ? `before: ${border.name}` : `after: ${border.name}, with the answer lost`;
}

/** Where the one who has asked the supplier dies, or forgets that it asked, the answer is lost for good. */
function mayStayUnknown(victim: Victim, at: CrashCase['at']): boolean {
  if (victim === 'worker' && at.kind !== 'border') return true;
  if (at.kind !== 'border') return false;
  const { name } = at.border;
  if (name === 'sent written') return at.phase === 'after' && (victim === 'worker' || victim === 'database');
  if (victim !== 'worker') return false;
  return at.border === saleBorder || (name === 'reply stored' && at.phase === 'before');
}

/** A mail that left before its record was written goes out again, under the same Message-ID. */
function isMailBorder(victim: Victim, at: CrashCase['at']): boolean {
  if (victim !== 'worker' && victim !== 'database') return false;
  return at.kind === 'border' && at.border.name === 'mail sent' && at.phase === 'before';
}

/** One test a case. The cases run in waves, all orders of a wave at their own borders when the one kill comes. */
export function testCases(cases: readonly CrashCase[], startService: () => Promise<CrashService>): void {
  let service: Promise<CrashService> | null = null;
  const waves = wavesOf(cases);
  const results = new Map<CrashCase, CaseResult>();
  const startedAt = Date.now();
  for (const wave of waves) {
    let running: Promise<Map<CrashCase, CaseResult>> | null = null;
    for (const crashCase of wave) {
      test(crashCase.name, async () => {
        service ??= startService();
        running ??= service.then((started) => runWave(started, wave));
        const result = (await running).get(crashCase);
        assert.ok(result);
        results.set(crashCase, result);
        assert.ok(result.wasReached, 'the order stood on its border when the process was killed');
        assert.deepEqual(result.problems, []);
      });
    }
  }
  after(async () => {
    await (await service)?.stop();
    console.log(sayFigures(cases, results, waves.length, startedAt));
  });
}

/** A dead worker's short activities are missed only after their minute: such cases share one wave. */
function wavesOf(cases: readonly CrashCase[]): CrashCase[][] {
  const slow = cases.filter(isSlow);
  const others = cases.filter((crashCase) => !isSlow(crashCase));
  const count = Math.ceil(others.length / casesInAWave);
  const waves = Array.from({ length: count }, (_, wave) =>
    others.filter((_case, index) => index % count === wave),
  );
  return slow.length === 0 ? waves : [...waves, slow];
}

function isSlow({ victim, at }: CrashCase): boolean {
  const names = ['login asked for', 'login sealed', 'mail claimed', 'mail sent'];
  return victim === 'worker' && at.kind === 'border' && names.includes(at.border.name);
}

function sayFigures(
  cases: readonly CrashCase[],
  results: ReadonlyMap<CrashCase, CaseResult>,
  kills: number,
  startedAt: number,
): string {
  const victim = cases[0]?.victim ?? 'nobody';
  const states = [...results.values()].flatMap(({ purchases }) => purchases);
  const counts = Map.groupBy(states, (state) => state);
  const ends = [...counts].map(([state, seen]) => `${seen.length} ${state}`).join(', ');
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `${victim}: ${results.size} cases, ${kills} kills, purchases: ${ends}; ${seconds} s`;
}
