import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import {
  type InterventionAct,
  type InterventionTarget,
  interventionTable,
} from '../../src/domain/interventions.ts';
import type { OrderStatus } from '../../src/domain/order.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { GatewayRefund } from '../../src/simulator/state.ts';
import { compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import {
  lockStartOptions,
  lockWorkflowType,
  packageLockId,
  pauseLockSignal,
  resumeLockSignal,
} from '../../workflows/contract/package-lock.ts';
import {
  compensateOrderSignal,
  orderStatusQuery,
  orderWorkflowId,
  retryOrderSignal,
} from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { readRun } from '../support/histories.ts';
import { productOf, type TestService } from '../support/service.ts';

/** What keeps an order in the status in which the intervention meets it. */
export type Obstacle =
  | 'lockPaused'
  | 'lockBusy'
  | 'noStock'
  | 'slowPurchase'
  | 'lateLogin'
  | 'unknownPackage'
  | 'refusedPurchase'
  | 'refundOnHold'
  | 'refundCancelled'
  | 'none';

export interface InterventionCase {
  name: string;
  status: Extract<
    OrderStatus,
    | 'queued'
    | 'waitingForStock'
    | 'provisioning'
    | 'preparing'
    | 'failed'
    | 'compensating'
    | 'active'
    | 'refunded'
  >;
  obstacle: Obstacle;
  act: InterventionAct;
  target: InterventionTarget;
  /** The target runs although it does not concern the order. */
  targetRuns?: boolean;
  /** How the orders of the case end, the one that is meant first. */
  ends: OrderStatus[];
}

type Draft = Omit<InterventionCase, 'name' | 'act'> & { endsOnCancel?: OrderStatus[] };

const drafts: Draft[] = [
  {
    target: 'order',
    status: 'queued',
    obstacle: 'lockPaused',
    ends: ['active'],
    endsOnCancel: ['cancelled'],
  },
  {
    target: 'order',
    status: 'waitingForStock',
    obstacle: 'noStock',
    ends: ['active'],
    endsOnCancel: ['cancelled'],
  },
  { target: 'order', status: 'provisioning', obstacle: 'slowPurchase', ends: ['active', 'active'] },
  { target: 'order', status: 'preparing', obstacle: 'lateLogin', ends: ['active'] },
  {
    target: 'order',
    status: 'failed',
    obstacle: 'unknownPackage',
    ends: ['refunded'],
    endsOnCancel: ['cancelled'],
  },
  { target: 'order', status: 'failed', obstacle: 'refusedPurchase', ends: ['refunded'] },
  { target: 'order', status: 'compensating', obstacle: 'refundOnHold', ends: ['refunded'] },
  { target: 'order', status: 'active', obstacle: 'none', ends: ['active'] },
  { target: 'order', status: 'refunded', obstacle: 'refusedPurchase', ends: ['refunded'] },
  { target: 'compensation', status: 'compensating', obstacle: 'refundOnHold', ends: ['refunded'] },
  { target: 'compensation', status: 'failed', obstacle: 'refundCancelled', ends: ['refunded'] },
  { target: 'compensation', status: 'refunded', obstacle: 'refusedPurchase', ends: ['refunded'] },
  { target: 'lock', status: 'queued', obstacle: 'lockPaused', ends: ['active'] },
  { target: 'lock', status: 'queued', obstacle: 'lockBusy', ends: ['active', 'active', 'active'] },
  { target: 'lock', status: 'provisioning', obstacle: 'slowPurchase', ends: ['active', 'active'] },
  { target: 'lock', status: 'waitingForStock', obstacle: 'noStock', ends: ['active'], targetRuns: true },
  { target: 'lock', status: 'preparing', obstacle: 'lateLogin', ends: ['active'], targetRuns: true },
];

const acts: InterventionAct[] = ['terminate', 'cancel', 'reset'];
const actWords = { terminate: 'Terminate', cancel: 'Request Cancellation', reset: 'Reset' };
const obstacleWords: Record<Obstacle, string> = {
  lockPaused: 'behind a paused lock',
  lockBusy: 'behind a purchase that runs',
  noStock: 'without stock',
  slowPurchase: 'while the supplier sells',
  lateLogin: 'before the login is there',
  unknownPackage: 'with nothing sent to the supplier',
  refusedPurchase: 'after a refused purchase',
  refundOnHold: 'while the gateway holds the refund',
  refundCancelled: 'after the gateway has cancelled the refund',
  none: 'with nothing in the way',
};

export const interventionCases: readonly InterventionCase[] = drafts.flatMap(({ endsOnCancel, ...draft }) =>
  acts.map((act) => ({
    ...draft,
    act,
    name: `${actWords[act]} of the ${draft.target} in ${draft.status}, ${obstacleWords[draft.obstacle]}`,
    ends: act === 'cancel' && endsOnCancel ? endsOnCancel : draft.ends,
  })),
);

/** A package of its own for each case, so that none waits for another. */
export function packageOfCase(row: InterventionCase): string {
  return `103.187.${10 + interventionCases.findIndex(({ name }) => name === row.name)}`;
}

/** What became of a case, seen from outside. */
export interface Fate {
  /** False where Temporal said that no such workflow runs. */
  wasThere: boolean;
  /** How often the watch has started an owner of the first order again. */
  restarts: number;
  ends: OrderStatus[];
  /** How often the first order has failed. */
  failures: number;
  /** Everything that is wrong, one sentence each. */
  troubles: string[];
  /** The timeline of the first order. */
  story: string;
}

interface Scene {
  service: TestService;
  row: InterventionCase;
  packageName: string;
  orderIds: string[];
}

/** Brings an order to the status, intervenes, takes the obstacle away, and tells how it ended. */
export async function playCase(service: TestService, row: InterventionCase): Promise<Fate> {
  const packageName = packageOfCase(row);
  const scene: Scene = { service, row, packageName, orderIds: [] };
  await bring(scene);
  const wasThere = await intervene(scene);
  await untilTaken(scene, wasThere);
  await takeAway(scene);
  const ends: OrderStatus[] = [];
  for (const orderId of scene.orderIds) ends.push(await endOf(scene, orderId));
  const troubles = await Promise.all(scene.orderIds.map((orderId) => judge(scene, orderId)));
  const first = await readOrder(scene, firstOf(scene));
  return {
    wasThere,
    restarts: first.restarts?.times ?? 0,
    ends,
    failures: first.timeline.filter(({ text }) => text.startsWith('Failed (')).length,
    troubles: troubles.flat(),
    story: first.timeline.map(({ at, text }) => `${at} ${text}`).join('\n'),
  };
}

function firstOf({ orderIds }: Scene): string {
  const [orderId] = orderIds;
  if (orderId === undefined) throw new Error('The case has no order yet.');
  return orderId;
}

async function place(scene: Scene): Promise<string> {
  const orderId = await scene.service.order({ productId: productOf(scene.packageName) });
  scene.orderIds.push(orderId);
  return orderId;
}

/** The order that is meant is the first of the scene. */
async function bring(scene: Scene): Promise<void> {
  const { service, row, packageName } = scene;
  const { simulator } = service;
  const when = { package: packageName, times: 1 };
  switch (row.obstacle) {
    case 'lockPaused':
      await sendLock(scene, pauseLockSignal.name);
      break;
    case 'lockBusy':
      await slowPurchase(scene, 2);
      // Those that wait are meant, the holder comes last.
      scene.orderIds.push(...scene.orderIds.splice(0, 1));
      return;
    case 'slowPurchase':
      return slowPurchase(scene, 1);
    case 'lateLogin':
      await simulator.addFaults({ call: 'buyvps', when, do: { kind: 'credentialsLate', ms: 4_000 } });
      break;
    case 'refusedPurchase':
    case 'refundOnHold':
    case 'refundCancelled':
      await simulator.addFaults({
        call: 'buyvps',
        when,
        do: { kind: 'errorText', reason: 'Insufficient balance' },
      });
      break;
    default:
  }
  const orderId = await place(scene);
  if (row.status === 'compensating' || row.status === 'refunded' || row.obstacle === 'refundCancelled') {
    await documentIn(scene, orderId, 'failed');
    await service.client.workflow
      .getHandle(orderWorkflowId(orderId))
      .signal(compensateOrderSignal.name, { option: 'refund', by: 'the night shift' });
    const refund = await refundOf(scene, orderId);
    if (row.status === 'refunded') await settle(scene, refund, 'SUCCESS');
    if (row.obstacle === 'refundCancelled') await settle(scene, refund, 'CANCELLED');
  }
  await documentIn(scene, orderId, row.status);
  if (row.status === 'queued') await waiting(scene, [orderId]);
  const { terminate } = interventionTable[row.status][row.target];
  if (terminate.effect === 'nothingThere' && !row.targetRuns) await ended(scene);
}

/** The document says it first: mails and notes of the run may still be on their way. */
async function ended(scene: Scene): Promise<void> {
  await eventually({
    what: `${targetId(scene)} has ended`,
    read: async () => (await scene.service.client.workflow.getHandle(targetId(scene)).describe()).status.name,
    isRight: (name) => name === 'COMPLETED',
  });
}

/** One purchase stays at the supplier while so many others wait, who were there before it began. */
async function slowPurchase(scene: Scene, waiters: number): Promise<void> {
  const { service, packageName } = scene;
  await service.simulator.addFaults({
    call: 'buyvps',
    when: { package: packageName, times: 1 },
    do: { kind: 'delay', ms: 6_000 },
  });
  await sendLock(scene, pauseLockSignal.name);
  for (let placed = 0; placed <= waiters; placed += 1) await waiting(scene, [await place(scene)]);
  await sendLock(scene, resumeLockSignal.name);
  await atSupplier(scene, firstOf(scene));
}

async function documentIn(scene: Scene, orderId: string, status: OrderStatus): Promise<void> {
  await eventually({
    what: `the document of ${orderId} in ${status}`,
    read: async () => (await readOrder(scene, orderId)).status,
    isRight: (seen) => seen === status,
  });
}

async function atSupplier({ service, packageName }: Scene, orderId: string): Promise<void> {
  await eventually({
    what: `the supplier is asked for ${packageName} of ${orderId}`,
    read: () => service.simulator.ledger(),
    isRight: ({ purchases }) => purchases.some(({ request }) => request.ip === packageName),
  });
}

async function waiting({ service, packageName }: Scene, orderIds: string[]): Promise<void> {
  const wanted = orderIds.map(orderWorkflowId);
  await eventually({
    what: `${wanted.join(', ')} at the lock`,
    read: async () => (await service.lock(packageName))?.waiters.map(({ workflowId }) => workflowId) ?? [],
    isRight: (seen) => wanted.every((workflowId) => seen.includes(workflowId)),
  });
}

async function sendLock({ service, packageName }: Scene, signal: string): Promise<void> {
  await service.client.workflow.signalWithStart(lockWorkflowType, {
    ...lockStartOptions({ supplier: 'smartvps', packageName }),
    signal,
    signalArgs: [{ by: 'the night shift', reason: 'a trial' }],
  });
}

function targetId({ row, packageName, orderIds }: Scene): string {
  const [orderId = ''] = orderIds;
  if (row.target === 'lock') return packageLockId({ supplier: 'smartvps', packageName });
  return row.target === 'order' ? orderWorkflowId(orderId) : compensationWorkflowId(orderId);
}

/** As an admin does it in the Web UI. @returns false where Temporal says that it does not run. */
async function intervene(scene: Scene): Promise<boolean> {
  const { client } = scene.service;
  const workflowId = targetId(scene);
  const handle = client.workflow.getHandle(workflowId);
  try {
    if (scene.row.act === 'terminate') await handle.terminate('by a test');
    else if (scene.row.act === 'cancel') await handle.cancel();
    else await resetToTheFirstTask(scene, workflowId);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return false;
  }
}

async function resetToTheFirstTask({ service }: Scene, workflowId: string): Promise<void> {
  const { client } = service;
  const { history } = await readRun({ client, workflowId });
  const first = history.events?.find((event) => event.workflowTaskCompletedEventAttributes);
  if (!first?.eventId) throw new Error(`${workflowId} has no task to reset to.`);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    reason: 'by a test',
    workflowTaskFinishEventId: first.eventId,
    requestId: randomUUID(),
  });
}

/** The obstacle stays until the intervention has been made good, so that it is met in the status of the case. */
async function untilTaken(scene: Scene, wasThere: boolean): Promise<void> {
  const { row, service } = scene;
  const { client } = service;
  if (row.act !== 'terminate' || !wasThere || row.targetRuns) return;
  if (row.target === 'lock') {
    const queued = row.status === 'queued' ? [firstOf(scene)] : scene.orderIds.slice(1);
    // The paused lock is gone with its pause: its waiters are served at once.
    if (row.obstacle !== 'lockPaused') return waiting(scene, queued);
    return;
  }
  await eventually({
    what: `${targetId(scene)} is started again`,
    read: async () => {
      const { status, searchAttributes } = await client.workflow.getHandle(targetId(scene)).describe();
      const { restarts } = await readOrder(scene, firstOf(scene));
      return { status: status.name, times: restarts?.times ?? 0, shown: searchAttributes.OrderStatus?.[0] };
    },
    // A failure that waits enters nothing, and is found by its status in the Web UI all the same.
    isRight: ({ status, times, shown }) =>
      status === 'RUNNING' && times === 1 && (row.status !== 'failed' || shown === 'failed'),
  });
}

/** What only takes time ends by itself. */
async function takeAway(scene: Scene): Promise<void> {
  const { service, row, packageName } = scene;
  const { simulator } = service;
  if (row.target === 'lock' && row.act === 'reset') await endOldPause(scene);
  else if (row.obstacle === 'lockPaused') await sendLock(scene, resumeLockSignal.name);
  if (row.obstacle === 'noStock')
    await simulator.updatePackage(packageName, { addresses: [`${packageName}.10-20`] });
  if (row.obstacle === 'refundCancelled') {
    await service.client.workflow
      .getHandle(compensationWorkflowId(firstOf(scene)))
      .signal(retryOrderSignal.name, { by: 'the night shift' });
  }
}

/**
 * All messages of a lock that is reset are there before its first task, sorted by name: a pause that the case needed
 * and ended holds again. The watch tells the admin, who ends it once more.
 */
async function endOldPause(scene: Scene): Promise<void> {
  const { service, packageName, row } = scene;
  if (!['lockBusy', 'slowPurchase', 'lockPaused'].includes(row.obstacle)) return;
  await eventually({
    what: `the lock of ${packageName} is paused again`,
    read: () => service.lock(packageName),
    isRight: (view) => view?.pause != null,
  });
  await service.mailTo('admin', `Paused: ${targetId(scene)}`);
  await sendLock(scene, resumeLockSignal.name);
}

/** The gateway pays what it holds, as soon as it holds it. */
async function endOf(scene: Scene, orderId: string): Promise<OrderStatus> {
  const { service } = scene;
  const { status } = await eventually({
    what: `order ${orderId} has ended`,
    read: async () => {
      for (const refund of await refundsOf(scene, orderId)) {
        if (refund.status === 'ONHOLD') await settle(scene, refund, 'SUCCESS');
      }
      return readOrder(scene, orderId);
    },
    isRight: ({ open }) => !open,
    withinMs: 120_000,
  });
  await service.orderIn(orderId, status);
  return status;
}

async function settle(
  { service }: Scene,
  { orderId, refundId }: GatewayRefund,
  status: 'SUCCESS' | 'CANCELLED',
): Promise<void> {
  await service.simulator.settleRefund({ orderId, refundId, status });
}

async function refundsOf({ service }: Scene, orderId: string): Promise<GatewayRefund[]> {
  const { refunds } = await service.simulator.cashfree();
  return refunds.filter((refund) => refund.orderId === orderId);
}

async function refundOf(scene: Scene, orderId: string): Promise<GatewayRefund> {
  const [refund] = await eventually({
    what: `the gateway has a refund of ${orderId}`,
    read: () => refundsOf(scene, orderId),
    isRight: (refunds) => refunds.length > 0,
  });
  if (!refund) throw new Error(`There is no refund of ${orderId}.`);
  return refund;
}

async function readOrder({ service }: Scene, orderId: string): Promise<OrderDocument> {
  const order = await service.db.orders.findOne({ _id: orderId });
  if (!order) throw new Error(`There is no order ${orderId}.`);
  return order;
}

/** Everything that is wrong with an order that has ended; empty where all is right. */
async function judge(scene: Scene, orderId: string): Promise<string[]> {
  const order = await readOrder(scene, orderId);
  return [
    ...(await judgeMoney(scene, order)),
    ...(await judgeGoods(scene, order)),
    ...(await judgeView(scene, order)),
  ];
}

/** The gateway's book: paid back once or not at all, never more than was paid, never for a delivered server. */
async function judgeMoney({ service }: Scene, { _id, status, goods }: OrderDocument): Promise<string[]> {
  const { payments, refunds } = await service.simulator.cashfree();
  const sum = (rows: { orderId: string; status: string; amountPaise: number }[]) =>
    rows
      .filter((row) => row.orderId === _id && row.status === 'SUCCESS')
      .reduce((total, { amountPaise }) => total + amountPaise, 0);
  const paid = sum(payments);
  const back = sum(refunds);
  const paidTimes = refunds.filter((refund) => refund.orderId === _id && refund.status === 'SUCCESS').length;
  const isOwed = status === 'refunded' || status === 'cancelled';
  return [
    ...(back > paid ? [`${back} of ${paid} went back`] : []),
    ...(paidTimes > 1 ? [`${paidTimes} refunds were paid`] : []),
    ...(isOwed && back !== paid ? [`${status}, but ${back} of ${paid} went back`] : []),
    ...(goods.state === 'delivered' && back > 0 ? ['delivered and refunded'] : []),
  ];
}

/** The supplier's book: a delivered order was sold one server, any other one none. */
async function judgeGoods(
  { service, packageName, orderIds }: Scene,
  { _id, status, server }: OrderDocument,
): Promise<string[]> {
  const { purchases } = await service.simulator.ledger();
  const sold = purchases.filter(
    ({ request, soldAddress }) => request.ip === packageName && soldAddress !== null,
  );
  const rows = await service.db.purchases.find({ orderId: _id, state: 'bought' }).toArray();
  const wanted = status === 'active' ? 1 : 0;
  return [
    ...(rows.length === wanted ? [] : [`${status} with ${rows.length} bought purchases`]),
    ...(sold.length > orderIds.length ? [`${sold.length} sales for ${orderIds.length} orders`] : []),
    ...(status === 'active' && !sold.some(({ soldAddress }) => soldAddress === server?.ip)
      ? [`${server?.ip} was never sold`]
      : []),
  ];
}

/** I13: within seconds the document says what its owner says, and the owner has ended as it should. */
async function judgeView(scene: Scene, { _id: orderId, owner }: OrderDocument): Promise<string[]> {
  const handle = scene.service.client.workflow.getHandle(owner ?? orderWorkflowId(orderId));
  const read = async () => {
    const [view, { status }, order] = await Promise.all([
      handle.query(orderStatusQuery),
      handle.describe(),
      readOrder(scene, orderId),
    ]);
    return { told: [view.status, view.since], stands: [order.status, order.statusSince], run: status.name };
  };
  const agrees = ({ told, stands }: Awaited<ReturnType<typeof read>>) => told.join() === stands.join();
  try {
    const what = `the owner of ${orderId} and its document agree`;
    await eventually({ what, read, isRight: agrees });
    // Its mails may still be on their way.
    const isOver = (seen: Awaited<ReturnType<typeof read>>) => agrees(seen) && seen.run === 'COMPLETED';
    await eventually({ what: `${what}, and it has completed`, read, isRight: isOver });
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
