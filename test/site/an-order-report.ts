import type { OrderReport } from '../../src/domain/order-report.ts';

const at = '2026-11-21T10:00:00.000Z';

const report: OrderReport = {
  ...{ orderId: 'ord-01m7z22vtkd37c4mpb6p', status: 'failed', since: at, ageSeconds: 7_200 },
  statusText: 'Needs a decision: It is not known whether the supplier sold a server.',
  ...{ packageKey: '103.181.91', failureCode: 'purchaseUnknown' },
  failure: { code: 'purchaseUnknown', message: 'It is not known whether it was sold.', since: at },
  next: { text: 'The customer gets the money back', at: '2026-11-23T10:00:00.000Z' },
  recommended: 'Settle the case first.',
  decisionDeadline: '2026-11-23T10:00:00.000Z',
  ...{ owner: 'order-ord-01m7z22vtkd37c4mpb6p', webUi: 'http://127.0.0.1:8233/namespaces/default' },
  product: { productId: 'silver-91', name: 'Silver', ramGb: 8, os: 'Ubuntu 22' },
  amount: { amountMinor: 49_900, currency: 'INR' },
  ...{ createdAt: at, paidAt: at, money: 'kept', remedy: null },
  goods: { state: 'parked', purchaseId: 'ord-01m7z22vtkd37c4mpb6p#1' },
  payments: [],
  purchases: [],
  servers: [],
  notices: [],
  acts: [],
  refunds: [],
  openCase: {
    purchaseId: 'ord-01m7z22vtkd37c4mpb6p#1',
    sentence: 'It is not known whether the supplier sold a server.',
    openedAt: at,
  },
  offered: ['resolve', 'retry', 'compensate'],
  timeline: [
    { at, source: 'order', text: 'Paid.' },
    { at, source: 'supplier', text: 'smartvps answered.', detail: `HTTP 500: ${'x'.repeat(300)}` },
  ],
  hasHistory: false,
};

/** A failed order with an open case, as an operator reads it. */
export function anOrderReport(change: Partial<OrderReport> = {}): OrderReport {
  return { ...report, ...change };
}
