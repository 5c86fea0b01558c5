import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { explorePurchases } from './purchase-exploration.ts';
import type { Actor, FaultKind, Scenario } from './purchase-world.ts';

// The real purchase code, run by run against each other: see purchase-exploration.ts. Where all interleavings are too
// many, the switches between runs that could have gone on are bounded, and the title says so.

const everyFault: readonly FaultKind[] = ['death', 'lostWrite', 'stall', 'slowCall', 'lateCall', 'badAnswer'];
/** Whether an order may be cancelled is what matters beside each of these. */
const cancelBeside = (...kinds: FaultKind[]): readonly FaultKind[] => ['cancel', ...kinds];
const mostWorlds = 800_000;

const buyer = (orderId: string, grant: number): Actor => ({ name: orderId, orderId, from: 'buy', grant });
const [a, b, c] = [buyer('A', 1), buyer('B', 2), buyer('C', 3)];
/** The purchase activity of A a second time, under the same number: an attempt that was believed dead. */
const sameAttempt: Actor = { name: 'A again', orderId: 'A', from: 'buy', grant: 1 };
/** The workflow of A a second time, under a number of its own. */
const sameOrder: Actor = { name: 'A anew', orderId: 'A', from: 'plan', grant: 4 };
/** C believes that it has B's number. */
const staleC = buyer('C', 2);

const usual = {
  kinds: everyFault,
  turns: 0,
  switches: null,
  foreignKnown: false,
  fenceIsThere: true,
};

const scenarios: [title: string, scenario: Scenario][] = [
  ['one order, 2 faults', { ...usual, actors: [a], faults: 2, turns: 2 }],
  [
    'one order, 2 faults, settled by asking',
    { ...usual, actors: [a], faults: 2, turns: 2, foreignKnown: true },
  ],
  ['one order twice, 1 fault', { ...usual, actors: [a, sameAttempt], faults: 1 }],
  [
    'one order twice, 2 stalls or bad answers, 1 switch',
    { ...usual, actors: [a, sameAttempt], faults: 2, kinds: ['stall', 'badAnswer'], switches: 1 },
  ],
  [
    'one order anew, 1 fault, 2 switches',
    { ...usual, actors: [a, sameOrder], faults: 1, switches: 2, foreignKnown: true },
  ],
  ['two orders', { ...usual, actors: [a, b], faults: 0, turns: 1, fenceIsThere: false }],
  ['two orders, 1 fault', { ...usual, actors: [a, b], faults: 1 }],
  ['two orders, 1 fault, settled by asking', { ...usual, actors: [a, b], faults: 1, foreignKnown: true }],
  ['two orders, 2 faults, 1 switch', { ...usual, actors: [a, b], faults: 2, switches: 1 }],
  [
    'two orders, one anew, 1 fault, 1 switch',
    { ...usual, actors: [a, b, sameOrder], faults: 1, switches: 1 },
  ],
  [
    'three orders, two with one number, 2 switches',
    { ...usual, actors: [a, b, staleC], faults: 0, switches: 2, turns: 1 },
  ],
  [
    'three orders, one twice, 2 switches',
    { ...usual, actors: [a, b, c, sameAttempt], faults: 0, switches: 2 },
  ],
  ['three orders, 1 fault, 2 switches', { ...usual, actors: [a, b, c], faults: 1, switches: 2 }],
  [
    'three orders, one anew, 1 fault, no switch',
    { ...usual, actors: [a, b, c, sameOrder], faults: 1, switches: 0, foreignKnown: true },
  ],
  [
    'one order, 3 faults, cancelled among them',
    { ...usual, actors: [a], faults: 3, turns: 2, kinds: cancelBeside(...everyFault) },
  ],
  [
    'one order anew, cancelled and one death, 2 switches',
    { ...usual, actors: [a, sameOrder], faults: 2, switches: 2, kinds: cancelBeside('death') },
  ],
  [
    'two orders, cancelled and one bad answer or stall, 1 switch',
    { ...usual, actors: [a, b], faults: 2, switches: 1, turns: 1, kinds: cancelBeside('badAnswer', 'stall') },
  ],
  [
    'three orders, one cancelled, 2 switches',
    { ...usual, actors: [a, b, c], faults: 1, switches: 2, turns: 1, kinds: ['cancel'] },
  ],
  ['three orders, 2 faults, no switch', { ...usual, actors: [a, b, c], faults: 2, switches: 0 }],
];

let worlds = 0;
after(() => console.log(`${scenarios.length} explorations of purchases, ${worlds} worlds in all`));

for (const [title, scenario] of scenarios) {
  const bound = scenario.switches === null ? ', every interleaving' : '';
  test(`${title}${bound}: one sale each, none at once, every server accounted for`, async (t) => {
    const { problem, faultsSeen, ...told } = await explorePurchases(scenario, mostWorlds);
    worlds += told.worlds;
    t.diagnostic(`${JSON.stringify(told)} faults ${JSON.stringify(faultsSeen)}`);
    assert.equal(problem, null, problem ?? '');
    assert.ok(told.isWhole, `more than ${mostWorlds} worlds`);
    assert.ok(told.judged > 0, 'nothing came to an end');
    if (scenario.faults === 0) return;
    const kinds = scenario.kinds.filter((kind) => scenario.faults > 1 || kind !== 'lateCall');
    for (const kind of kinds) assert.ok(faultsSeen[kind], `${kind} never happened`);
  });
}
