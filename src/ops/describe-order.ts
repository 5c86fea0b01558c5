import { describeDuration } from '../domain/duration.ts';
import { formatMoney } from '../domain/money.ts';
import type { OrderReport } from '../domain/order-report.ts';
import { sayUnsaidNext } from '../domain/order-words.ts';
import { formatExactMoment, formatMoment } from '../domain/shop-time.ts';

/** An order for people: where it stands, why, what comes next, what they can do, and all that is on record. */
export function describeOrder(report: OrderReport, timeZone: string): string {
  const moment = (at: string | null) => (at === null ? '-' : formatMoment({ at, timeZone }));
  const { orderId, product, failure, decisionDeadline } = report;
  const age = describeDuration(report.ageSeconds * 1000);
  const facts: [string, string | null][] = [
    ['Status', `${report.statusText} (${report.status}, for ${age})`],
    ['Failure', failure === null ? null : `${failure.code} since ${moment(failure.since)}`],
    ['Next by itself', sayNext(report, moment)],
    ['Decision by', decisionDeadline === null ? null : moment(decisionDeadline)],
    ['You can', report.recommended],
    ['Ordered', `${product.name} (${product.productId}), ${product.ramGb} GB, ${product.os}`],
    ['Package', report.packageKey],
    ['Price', formatMoney(report.amount)],
    ['Created, paid', `${moment(report.createdAt)}, ${moment(report.paidAt)}`],
    ['Money, goods', `${report.money}, ${sayGoods(report)}`],
    ['Remedy', report.remedy === null ? null : `${report.remedy.option} (${report.remedy.workflowId})`],
    ['Workflow', report.owner],
    ['Web UI', report.webUi],
  ];
  const width = Math.max(...facts.map(([label]) => label.length));
  const head = facts.flatMap(([label, value]) =>
    value === null ? [] : [`  ${label.padEnd(width)}  ${value}`],
  );
  return [`Order ${orderId}`, ...head, ...describeRows(report, timeZone)].join('\n');
}

type Moment = (at: string | null) => string;

function sayNext({ next, status }: OrderReport, moment: Moment): string {
  if (next === null) return sayUnsaidNext(status);
  return next.at === null ? next.text : `${next.text} (${moment(next.at)})`;
}

function sayGoods({ goods }: OrderReport): string {
  return goods.state === 'none' ? 'none' : `${goods.state} ${goods.purchaseId}`;
}

function describeRows(report: OrderReport, timeZone: string): string[] {
  const moment: Moment = (at) => (at === null ? '-' : formatMoment({ at, timeZone }));
  return [
    ...section(
      'Payments',
      report.payments.map(
        (row) =>
          `${row.gateway} ${row.paymentId}  ${formatMoney(row.amount)}  ${row.verdict ?? 'not judged yet'}  ${moment(row.paidAt)}`,
      ),
    ),
    ...section(
      'Purchases',
      report.purchases.map(
        (row) =>
          `${row.purchaseId}  ${row.state}  ${row.ip ?? 'no address'}  sent ${moment(row.sentAt)}${row.why ? `  ${row.why}` : ''}`,
      ),
    ),
    ...section(
      'Servers',
      report.servers.map(
        (row) => `${row.ip}  ${row.state} since ${moment(row.since)}  expires ${moment(row.expiresAt)}`,
      ),
    ),
    ...section(
      'Mails',
      report.notices.map((row) => `${moment(row.at)}  ${row.kind} to the ${row.to}, ${row.state}`),
    ),
    ...section(
      'Acts of admins',
      report.acts.map((row) => {
        const why = row.reason === null ? '' : ` (${row.reason})`;
        return `${moment(row.at)}  ${row.act} by ${row.by}${why}: ${row.accepted ? '' : 'refused. '}${row.answer}`;
      }),
    ),
    ...section(
      'Timeline',
      report.timeline.map(({ at, source, text, detail }) => {
        const said = detail === undefined ? '' : `\n      ${detail}`;
        return `${formatExactMoment({ at, timeZone })}  ${source.padEnd(8)}  ${text}${said}`;
      }),
    ),
    ...(report.hasHistory || report.owner === null
      ? []
      : [
          '',
          "The workflows' own steps are not there: Temporal does not keep them any more, or does not answer.",
        ]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
