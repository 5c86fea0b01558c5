import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compensateOrderType, compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import {
  lockStartOptions,
  lockWorkflowType,
  pauseLockSignal,
} from '../../workflows/contract/package-lock.ts';
import {
  orderStatusQuery,
  orderTaskQueue,
  orderTimelineQuery,
  orderWorkflowId,
} from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { readRun, statusesOf } from '../support/histories.ts';
import { killProcess } from '../support/kill-process.ts';
import { catalogueOf, productOf, startTestService, type TestService } from '../support/service.ts';
import {
  assertNoFailedTask,
  messagesTaken,
  sendSignals,
  sendUpdates,
  type Target,
  untilQuiet,
} from './bombard.ts';
import { findContractMessages } from './contract-messages.ts';
import { generateInputs } from './odd-inputs.ts';

const perForeignName = 5;

/** An order that is kept in one status while messages rain on it. */
interface Row {
  what: string;
  packageName: string;
  status: string;
  failure?: string;
  /** Messages that rightly do something here whatever they carry: they are not sent. */
  decides: readonly string[];
  /** Messages that rightly act whatever they carry, and where they may lead before the order is back. */
  moves?: readonly string[];
  /** The remedy whose workflow the messages rain on. */
  remedy?: 'refundAndFreeMonth' | 'refund';
}

/** What needs no input and is allowed here is a decision, not an odd message. */
const rows: readonly Row[] = [
  {
    what: 'a case',
    packageName: '103.186.1',
    status: 'failed',
    failure: 'purchaseUnknown',
    decides: [],
    moves: ['failed'],
  },
  {
    what: 'a missing package',
    packageName: '103.186.2',
    status: 'failed',
    failure: 'packageUnavailable',
    decides: ['cancelOrder'],
    moves: ['queued', 'provisioning', 'failed'],
  },
  { what: 'a paused lock', packageName: '103.186.3', status: 'queued', decides: ['cancelOrder'] },
  {
    what: 'an empty package',
    packageName: '103.186.4',
    status: 'waitingForStock',
    decides: ['cancelOrder'],
    moves: ['waitingForStock'],
  },
  { what: 'a slow purchase', packageName: '103.186.5', status: 'provisioning', decides: [] },
  { what: 'a late login', packageName: '103.186.6', status: 'preparing', decides: [] },
  {
    what: 'a free month',
    packageName: '103.186.7',
    status: 'active',
    decides: [],
    remedy: 'refundAndFreeMonth',
  },
  {
    what: 'a refund under way',
    packageName: '103.186.8',
    status: 'compensating',
    decides: [],
    remedy: 'refund',
  },
];
const [lost, missing, paused, empty, slow, late] = rows.map(({ packageName }) => packageName);

/** How much is sent of each name, over all rows together; the same seed sends the same. */
export interface Rain {
  signalsPerName: number;
  updatesPerName: number;
  seed: number;
}

type Begun = { row: Row; target: Target & { orderId: string } };

/** Registers the tests of one test file: odd messages rain on an order in each status. */
export async function rainOnOrders({ signalsPerName, updatesPerName, seed }: Rain): Promise<void> {
  const service = await startService();
  const started = beginAll(service);

  test(`${signalsPerName} odd signals of each name harm and move no order, in whatever status (TEST_SEED=${seed})`, async () => {
    const targets = await started;
    const { signals: defined } = await findContractMessages();
    const own = new Set<string>();
    await Promise.all(
      targets.map(async ({ row, target }, index) => {
        const before = await statusesSoFar(target);
        const { signals: taken } = await messagesTaken(target);
        for (const name of taken) own.add(name);
        const names = [...new Set([...taken, ...defined, 'noSuchSignal'])].filter(
          (name) => !row.decides.includes(name),
        );
        for (const [n, name] of names.entries()) {
          const share = rows.filter(({ decides }) => !decides.includes(name)).length;
          const count = taken.includes(name) ? Math.ceil(signalsPerName / share) : perForeignName;
          const inputs = generateInputs({ count, seed: seed + 100 * index + n });
          await sendSignals(
            target,
            inputs.map((input) => ({ name, input })),
          );
        }
        await assertUnharmed(service, { row, target, before });
      }),
    );
    assert.ok(own.size >= 6, [...own].join());
  });

  test(`${updatesPerName} odd updates of each name are answered, harm and move no order (TEST_SEED=${seed})`, async () => {
    const targets = await started;
    const { updates: defined } = await findContractMessages();
    await Promise.all(
      targets.map(async ({ row, target }, index) => {
        const before = await statusesSoFar(target);
        for (const [n, name] of [...defined, 'noSuchUpdate'].entries()) {
          if (row.decides.includes(name)) continue;
          const count = Math.ceil(
            updatesPerName / rows.filter(({ decides }) => !decides.includes(name)).length,
          );
          const inputs = generateInputs({ count, seed: seed + 10_000 + 100 * index + n });
          await sendUpdates(
            target,
            inputs.map((input) => ({ name, input })),
          );
        }
        await assertUnharmed(service, { row, target, before });
      }),
    );
  });
}

function startService(): Promise<TestService> {
  // Before the service's own end: a worker that still buys would be waited for.
  after(async () => {
    const { workers } = await started;
    const running = workers.filter((process) => !process.hasExited());
    await Promise.all(running.map((process) => killProcess({ process, signal: 'SIGKILL' })));
  });
  const started = startTestService({
    catalogue: catalogueOf(...rows.map(({ packageName }) => packageName)),
    scenario: {
      packages: rows.flatMap(({ packageName: name }, index) =>
        name === missing
          ? []
          : [{ id: 60 + index, name, addresses: name === empty ? [] : [`${name}.10-60`] }],
      ),
      faults: [
        { call: 'buyvps', when: { package: lost ?? '', times: 1 }, do: { kind: 'answerLost' } },
        { call: 'buyvps', when: { package: slow ?? '' }, do: { kind: 'neverAnswer' } },
        { call: 'buyvps', when: { package: late ?? '' }, do: { kind: 'credentialsLate', ms: 3_600_000 } },
      ],
    },
    policy: { longestPurchase: '2s', settleAfter: '200ms' },
  });
  return started;
}

async function begin(service: TestService, row: Row): Promise<Target & { orderId: string }> {
  const orderId = await service.order({ productId: productOf(row.packageName) });
  const { failure } = await service.orderIn(orderId, row.status);
  assert.equal(failure?.code, row.failure);
  return { client: service.client, workflowId: orderWorkflowId(orderId), orderId };
}

/** A delivered order whose remedy has come to where the row says. */
async function beginRemedy(
  service: TestService,
  { row, option }: { row: Row; option: NonNullable<Row['remedy']> },
): Promise<Target & { orderId: string }> {
  const orderId = await service.order({ productId: productOf(row.packageName) });
  await service.orderIn(orderId, 'active');
  if (option === 'refund') {
    const pending = { kind: 'refundOutcome', status: 'SUCCESS', ms: 3_600_000 } as const;
    await service.simulator.addFaults({ call: 'cashfree.createRefund', when: { times: 1 }, do: pending });
  }
  const workflowId = compensationWorkflowId(orderId);
  await service.client.workflow.start(compensateOrderType, {
    workflowId,
    taskQueue: orderTaskQueue,
    args: [{ orderId, option, by: 'a person' }],
  });
  const target = { client: service.client, workflowId, orderId };
  await eventually({
    what: `${row.what} runs`,
    read: () => service.db.orders.findOne({ _id: orderId }),
    isRight: (order) => order?.owner === workflowId && order.status === row.status && order.open,
    withinMs: 60_000,
  });
  return target;
}

/** Each order where its row says; a case needs a short purchase, the others must outlast the rain. */
async function beginAll(service: TestService): Promise<Begun[]> {
  const [first, ...others] = rows as [Row, ...Row[]];
  const begun = [{ row: first, target: await begin(service, first) }];
  for (const row of rows) {
    const { remedy: option } = row;
    if (option !== undefined) begun.push({ row, target: await beginRemedy(service, { row, option }) });
  }
  await service.setPolicy({
    longestPurchase: '9m',
    stockEvery: '10m',
    credentialsEvery: '1m',
    automaticRetries: [],
  });
  await service.client.workflow.signalWithStart(lockWorkflowType, {
    ...lockStartOptions({ supplier: 'smartvps', packageName: paused ?? '' }),
    signal: pauseLockSignal.name,
    signalArgs: [{ reason: 'maintenance' }],
  });
  const unbegun = others.filter(({ remedy }) => remedy === undefined);
  const rest = await Promise.all(unbegun.map(async (row) => ({ row, target: await begin(service, row) })));
  return [...begun, ...rest];
}

const statusesSoFar = async (target: Target) => statusesOf(await readRun(target));

/** By Temporal's own record: no task failed, no status but those that the row allows, and both queries answer. */
async function assertUnharmed(
  service: TestService,
  seen: Begun & { before: readonly string[] },
): Promise<void> {
  const { row, target, before } = seen;
  await untilQuiet(target);
  await eventually({
    what: `${row.what}: back in ${row.status}`,
    read: () => service.client.workflow.getHandle(target.workflowId).query(orderStatusQuery),
    isRight: ({ status, orderId }) => status === row.status && orderId === target.orderId,
  });
  await assertNoFailedTask(target);
  const moves = (await statusesSoFar(target)).slice(before.length);
  const unwanted = moves.filter((status) => !row.moves?.includes(status));
  assert.deepEqual(unwanted, [], `${row.what}: moves that nobody decided`);
  const timeline = await service.client.workflow.getHandle(target.workflowId).query(orderTimelineQuery);
  assert.ok(timeline.length > 0);
  await service.orderIn(target.orderId, row.status);
}
