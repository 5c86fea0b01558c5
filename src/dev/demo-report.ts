import type { DemoFigures } from './demo-figures.ts';
import type { SpeedFigures } from './demo-speed.ts';
import type { DemoVerdict } from './demo-verdict.ts';

const rows: readonly (readonly [keyof DemoFigures, string])[] = [
  ['orders', 'orders'],
  ['delivered', 'delivered'],
  ['refused', 'refused at checkout (sold out)'],
  ['waiting', 'waiting for stock (told sold out)'],
  ['failed', 'failed, wait for a decision'],
  ['refunded', 'refunded'],
  ['wrongDelivered', 'wrong address handed over'],
  ['doublePurchases', 'bought twice'],
  ['overlaps', 'overlapping purchases'],
  ['stuck', 'stuck'],
  ['seconds', 'seconds'],
];

/** The demo's result for people. */
export function reportDemo(verdict: DemoVerdict, speed: SpeedFigures): string {
  const { truthful, stale, beside, wrongPurchases } = verdict;
  const line = (label: string, ...cells: (string | number)[]) =>
    `  ${label.padEnd(36)}${cells.map((cell) => String(cell).padStart(16)).join('')}`;
  const { median, p95, max } = speed.handOffMs;
  return [
    '',
    'Ten customers pay for 103.181.91 at the same moment; nine addresses are left.',
    line('', '1: true count', '2: stale count', 'speed run'),
    ...rows.map(([key, label]) => line(label, truthful[key], stale[key], beside[key])),
    line(
      'wrong purchases at the supplier',
      wrongPurchases.truthful,
      wrongPurchases.stale,
      wrongPurchases.beside,
    ),
    'The speed run ends with one order for 103.181.9, for which 103.181.91.x is sold: it must fail.',
    '',
    `Speed, at the supplier: ${speed.orders} orders of one package, ${speed.latencyMs / 1_000} s a purchase`,
    line('hand-off: median / p95 / max', `${median} / ${p95} / ${max} ms`),
    line('makespan / (orders x latency)', speed.makespanRatio),
    line('history events of one order', speed.historyEvents),
    '',
    ...(verdict.broken.length === 0
      ? ['Every invariant held.']
      : ['BROKEN:', ...verdict.broken.map((sentence) => `- ${sentence}`)]),
  ].join('\n');
}
