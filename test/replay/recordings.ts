/** A life of a workflow that is kept as a history, so that today's code is held against it. */
export interface Recording {
  /** File name without `.json`. */
  name: string;
  type:
    | 'provisionOrder'
    | 'packageLock'
    | 'settlePayment'
    | 'resolveCase'
    | 'strandServer'
    | 'compensateOrder'
    | 'watchOrders'
    | 'monitorStock'
    | 'reportLowStock'
    | 'askGateways'
    | 'returnPayment';
  /** Statuses it must pass through, in this order; others may lie between. */
  statuses?: readonly string[];
  /** Events it must hold, or the recording shows less than its name says. */
  events?: readonly string[];
  /** Signals it must have received. */
  signals?: readonly string[];
}

export const recordings: readonly Recording[] = [
  { name: 'order-delivered', type: 'provisionOrder', statuses: ['provisioning', 'preparing', 'active'] },
  {
    name: 'order-waited-while-paused',
    type: 'provisionOrder',
    statuses: ['queued', 'provisioning', 'active'],
    signals: ['lockPaused', 'lockResumed', 'lockGranted', 'retryOrder'],
  },
  {
    name: 'order-waited-for-stock',
    type: 'provisionOrder',
    statuses: ['provisioning', 'waitingForStock', 'provisioning', 'active'],
    signals: ['stockChanged'],
  },
  {
    name: 'order-wrong-package-retried',
    type: 'provisionOrder',
    statuses: ['provisioning', 'failed', 'provisioning', 'active'],
    events: ['workflowExecutionUpdateAccepted'],
  },
  {
    name: 'order-lock-timeout-retried',
    type: 'provisionOrder',
    statuses: ['queued', 'failed', 'provisioning', 'active'],
    events: ['timerFired'],
  },
  { name: 'order-purchase-unknown', type: 'provisionOrder', statuses: ['provisioning', 'failed'] },
  {
    name: 'order-terminated',
    type: 'provisionOrder',
    statuses: ['provisioning'],
    events: ['workflowExecutionTerminated'],
  },
  { name: 'order-started-again', type: 'provisionOrder', statuses: ['preparing', 'active'] },
  {
    name: 'order-payment-mismatch',
    type: 'provisionOrder',
    statuses: ['failed', 'provisioning', 'active'],
    signals: ['paymentReceived'],
  },
  {
    name: 'order-assigned',
    type: 'provisionOrder',
    statuses: ['provisioning', 'failed', 'preparing', 'active'],
    events: ['workflowExecutionUpdateAccepted', 'activityTaskCompleted'],
  },
  {
    name: 'order-claimed',
    type: 'provisionOrder',
    statuses: ['queued', 'preparing', 'active'],
    events: ['activityTaskCompleted'],
  },
  {
    name: 'order-retried-by-itself',
    type: 'provisionOrder',
    statuses: ['provisioning', 'failed', 'queued', 'provisioning', 'active'],
    events: ['timerFired'],
  },
  {
    name: 'order-undecided',
    type: 'provisionOrder',
    statuses: ['provisioning', 'failed'],
    events: ['timerFired', 'workflowExecutionCompleted'],
  },
  {
    name: 'order-cancelled',
    type: 'provisionOrder',
    statuses: ['provisioning', 'waitingForStock'],
    signals: ['cancelOrder'],
    events: ['workflowExecutionCompleted'],
  },
  {
    name: 'remedy-blocked-and-retried',
    type: 'compensateOrder',
    statuses: ['compensating', 'failed', 'compensating', 'refunded'],
    signals: ['retryOrder'],
  },
  {
    name: 'remedy-price-adjusted',
    type: 'compensateOrder',
    statuses: ['compensating', 'active'],
    events: ['activityTaskCompleted'],
  },
  {
    name: 'remedy-reprovisioned',
    type: 'compensateOrder',
    statuses: ['compensating', 'active'],
    signals: ['lockGranted'],
  },
  {
    name: 'remedy-month-renewed',
    type: 'compensateOrder',
    statuses: ['compensating', 'active'],
    events: ['timerFired'],
    signals: ['freeMonthChanged'],
  },
  {
    name: 'remedy-month-over',
    type: 'compensateOrder',
    statuses: ['compensating', 'active', 'compensating', 'refunded'],
    events: ['timerFired'],
  },
  { name: 'order-renewal', type: 'provisionOrder', statuses: ['queued', 'active'] },
  {
    name: 'orders-watched',
    type: 'watchOrders',
    events: ['activityTaskCompleted', 'workflowExecutionCompleted'],
  },
  {
    name: 'stock-synced',
    type: 'monitorStock',
    events: ['activityTaskCompleted', 'workflowExecutionCompleted'],
  },
  { name: 'low-stock-reported', type: 'reportLowStock', events: ['workflowExecutionCompleted'] },
  {
    name: 'case-resolved',
    type: 'resolveCase',
    events: ['activityTaskCompleted', 'workflowExecutionCompleted'],
  },
  {
    name: 'server-stranded',
    type: 'strandServer',
    events: ['activityTaskCompleted', 'workflowExecutionCompleted'],
  },
  {
    name: 'lock-paused-and-resumed',
    type: 'packageLock',
    signals: ['requestLock', 'pauseLock', 'resumeLock', 'release'],
  },
  {
    name: 'lock-contended',
    type: 'packageLock',
    signals: ['requestLock', 'release'],
    events: ['timerFired'],
  },
  {
    name: 'lock-continued',
    type: 'packageLock',
    events: ['workflowExecutionContinuedAsNew'],
    signals: ['requestLock'],
  },
  { name: 'lock-carried-over', type: 'packageLock', signals: ['release', 'forceRelease'] },
  { name: 'payment-after-delivery', type: 'settlePayment', events: ['workflowExecutionCompleted'] },
  {
    name: 'payment-returned',
    type: 'returnPayment',
    signals: ['retryRefund'],
    events: ['activityTaskCompleted', 'workflowExecutionCompleted'],
  },
  {
    name: 'gateways-asked',
    type: 'askGateways',
    events: ['activityTaskCompleted', 'workflowExecutionCompleted'],
  },
];
