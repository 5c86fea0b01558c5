import type { OrderStatus } from './order.ts';

/** What a person can do to a workflow in the Temporal Web UI without any message of ours. */
export const interventionActs = ['terminate', 'cancel', 'reset'] as const;
export type InterventionAct = (typeof interventionActs)[number];

/** The workflows of an order: its own, its remedy's, and the lock of its package. */
export const interventionTargets = ['order', 'compensation', 'lock'] as const;
export type InterventionTarget = (typeof interventionTargets)[number];

/**
 * - `nothingThere`: no such workflow, or none that runs; the server refuses, or nothing concerns the order.
 * - `startedAgain`: `watchOrders` starts it again, or has its waiters ask again.
 * - `repeated`: it goes its way again and meets what stands in the books.
 * - `ignored`: it goes on; an order and a remedy say why in the timeline.
 * - `ends`: the order ends by it, its money goes back first.
 */
export type InterventionEffect = 'nothingThere' | 'startedAgain' | 'repeated' | 'ignored' | 'ends';

export interface Consequence {
  effect: InterventionEffect;
  /** Where the order can be once that has taken its course and nothing else has happened. */
  leadsTo: readonly OrderStatus[];
  says: string;
}

type Row = Record<InterventionTarget, Record<InterventionAct, Consequence>>;

/** Terminate, Request Cancellation and Reset (to the first task) of each workflow, for an order in each status. */
export const interventionTable: Record<OrderStatus, Row> = {
  pendingPayment: {
    order: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['queued', 'failed', 'pendingPayment'],
        says: 'a payment that is recorded starts it again; before that nothing was begun',
      },
      cancel: {
        effect: 'ignored',
        leadsTo: ['queued', 'failed', 'pendingPayment'],
        says: 'refused: it is just being opened',
      },
      reset: {
        effect: 'repeated',
        leadsTo: ['queued', 'failed', 'pendingPayment'],
        says: 'the payment is taken again, and found recorded',
      },
    },
    compensation: notThere('pendingPayment', 'there is none'),
    lock: notThere('pendingPayment', 'the order has not asked for it'),
  },
  queued: {
    order: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['queued'],
        says: 'its old request is withdrawn, and it queues anew',
      },
      cancel: {
        effect: 'ends',
        leadsTo: ['compensating', 'queued'],
        says: 'it leaves the queue and is cancelled; refused once something was sent to the supplier',
      },
      reset: {
        effect: 'repeated',
        leadsTo: ['queued'],
        says: 'its old request is withdrawn, and it queues anew',
      },
    },
    compensation: notThere('queued', 'there is none'),
    lock: lockRow('queued', 'the waiters ask again, by time of payment; a pause is lost'),
  },
  waitingForStock: {
    order: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['waitingForStock'],
        says: 'it looks at the stock again',
      },
      cancel: {
        effect: 'ends',
        leadsTo: ['compensating', 'waitingForStock'],
        says: 'it is cancelled; refused once something was sent to the supplier',
      },
      reset: { effect: 'repeated', leadsTo: ['waitingForStock'], says: 'it looks at the stock again' },
    },
    compensation: notThere('waitingForStock', 'there is none'),
    lock: notThere('waitingForStock', 'the order does not hold it, and asks again once there is stock'),
  },
  provisioning: {
    order: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['queued', 'provisioning'],
        says: 'the ledger sends nothing twice: it awaits what was sent, or buys where nothing was',
      },
      cancel: { effect: 'ignored', leadsTo: ['provisioning'], says: 'refused: it is being bought' },
      reset: {
        effect: 'repeated',
        leadsTo: ['queued', 'provisioning'],
        says: 'the ledger sends nothing twice: it awaits what was sent, or buys where nothing was',
      },
    },
    compensation: notThere('provisioning', 'there is none'),
    lock: lockRow(
      'provisioning',
      'the purchase goes on; the fence holds the next order back until it is known',
    ),
  },
  preparing: {
    order: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['preparing'],
        says: 'it looks for the login of the server that is bought',
      },
      cancel: { effect: 'ignored', leadsTo: ['preparing'], says: 'refused: its server is bought' },
      reset: {
        effect: 'repeated',
        leadsTo: ['preparing'],
        says: 'it looks for the login of the server that is bought',
      },
    },
    compensation: notThere('preparing', 'there is none'),
    lock: notThere('preparing', 'the order has given it back'),
  },
  active: {
    order: {
      ...notThere('active', 'it has completed'),
      reset: {
        effect: 'repeated',
        leadsTo: ['active'],
        says: 'it finds the delivery and ends; nothing is bought or mailed again',
      },
    },
    compensation: notThere('active', 'there is none'),
    lock: notThere('active', 'the order has given it back'),
  },
  failed: {
    order: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['failed'],
        says: 'it waits on for its decision; where its remedy is blocked, this one has ended',
      },
      cancel: {
        effect: 'ends',
        leadsTo: ['compensating', 'failed'],
        says: 'it is cancelled; refused once something was sent to the supplier',
      },
      reset: {
        effect: 'repeated',
        leadsTo: ['failed'],
        says: 'it waits on for its decision; what was sent is verified first',
      },
    },
    compensation: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['failed'],
        says: 'a blocked remedy waits on for its decision, with what was chosen first',
      },
      cancel: { effect: 'ignored', leadsTo: ['failed'], says: 'refused: a remedy cannot be cancelled' },
      reset: {
        effect: 'repeated',
        leadsTo: ['failed'],
        says: 'a blocked remedy waits on for its decision, with what was chosen first',
      },
    },
    lock: notThere('failed', 'the order does not hold it, and asks again when it is retried'),
  },
  compensating: {
    order: {
      ...notThere('compensating', 'it has handed the order over and ended'),
      reset: {
        effect: 'repeated',
        leadsTo: ['compensating'],
        says: 'it finds that the remedy owns the order, writes nothing and ends',
      },
    },
    compensation: {
      terminate: {
        effect: 'startedAgain',
        leadsTo: ['compensating'],
        says: 'it goes on with what was chosen first; the refund keeps its id',
      },
      cancel: { effect: 'ignored', leadsTo: ['compensating'], says: 'refused: a remedy cannot be cancelled' },
      reset: {
        effect: 'repeated',
        leadsTo: ['compensating'],
        says: 'it goes on with what was chosen first; the refund keeps its id',
      },
    },
    lock: notThere('compensating', 'the order has given it back; a remedy that buys asks again'),
  },
  refunded: endedByRemedy('refunded'),
  cancelled: endedByRemedy('cancelled'),
  expired: {
    order: notThere('expired', 'there is none until it is paid after all'),
    compensation: notThere('expired', 'there is none'),
    lock: notThere('expired', 'the order never asked for it'),
  },
};

function notThere(status: OrderStatus, says: string): Record<InterventionAct, Consequence> {
  const row: Consequence = { effect: 'nothingThere', leadsTo: [status], says };
  return { terminate: row, cancel: row, reset: row };
}

function lockRow(status: 'queued' | 'provisioning', says: string): Record<InterventionAct, Consequence> {
  return {
    terminate: { effect: 'startedAgain', leadsTo: [status], says },
    cancel: { effect: 'ignored', leadsTo: [status], says: 'the lock does not heed it' },
    reset: {
      effect: 'repeated',
      leadsTo: [status],
      says:
        'it takes the same messages again and grants under higher numbers; a pause that was ended ' +
        'holds again until resumeLock, and the admin is told',
    },
  };
}

function endedByRemedy(status: 'refunded' | 'cancelled'): Row {
  const says = 'it finds that the order has ended, writes nothing and ends';
  return {
    order: { ...notThere(status, 'it has ended'), reset: { effect: 'repeated', leadsTo: [status], says } },
    compensation: {
      ...notThere(status, 'it has completed'),
      reset: { effect: 'repeated', leadsTo: [status], says },
    },
    lock: notThere(status, 'the order has given it back'),
  };
}
