import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { formatClock, shopDay } from '../../src/domain/shop-time.ts';
import { ensureSchedules } from '../../src/temporal/ensure-schedules.ts';
import { openNamespace } from '../../src/temporal/open-namespace.ts';
import { reportSchedule } from '../../src/temporal/stock-schedules.ts';
import { askGatewaysScheduleId } from '../../workflows/contract/ask-gateways.ts';
import { monitorStockScheduleId, reportLowStockScheduleId } from '../../workflows/contract/monitor-stock.ts';
import { watchOrdersScheduleId } from '../../workflows/contract/watch-orders.ts';
import { useStack } from '../support/stack.ts';

const { temporalAddress: address } = await useStack();
const connection = await Connection.connect({ address });
const namespace = `test-${randomUUID().slice(0, 8)}`;
const client = new Client({ connection, namespace });
const lines: string[] = [];
const write = (_fields: object, sentence: string) => void lines.push(sentence);
const log = { info: write, warn: write };
await openNamespace({ client, namespace, address, limitMs: 60_000, sleep, log });
const handle = client.schedule.getHandle(watchOrdersScheduleId);
const monitor = client.schedule.getHandle(monitorStockScheduleId);
const report = client.schedule.getHandle(reportLowStockScheduleId);
const asking = client.schedule.getHandle(askGatewaysScheduleId);
after(async () => {
  for (const { scheduleId } of [handle, monitor, report, asking])
    await client.schedule.getHandle(scheduleId).delete();
  await connection.close();
});

const ensure = (watchOrdersEveryMs: number, stockEveryMs = 300_000, shopTimeZone = 'Asia/Kolkata') =>
  ensureSchedules({
    client,
    policy: { watchOrdersEveryMs, askGatewayEveryMs: 2 * watchOrdersEveryMs, stockEveryMs },
    shopTimeZone,
    log,
  });
async function everyMs(): Promise<(number | undefined)[]> {
  const { spec } = await handle.describe();
  return (spec.intervals ?? []).map(({ every }) => every);
}

test('two processes that start at once make one schedule, which skips a run while one is under way', async () => {
  await Promise.all([ensure(60_000), ensure(60_000)]);
  assert.deepEqual(await everyMs(), [60_000]);
  const { policies, action } = await handle.describe();
  assert.deepEqual([policies.overlap, policies.catchupWindow], ['SKIP', 10_000]);
  assert.deepEqual(
    [action.workflowType, action.taskQueue, action.workflowRunTimeout],
    ['watchOrders', 'orders', 600_000],
  );
});

test('the gateways are asked at their own pace', async () => {
  const { action, spec } = await asking.describe();
  assert.deepEqual(
    [action.workflowType, action.taskQueue, spec.intervals?.[0]?.every],
    ['askGateways', 'orders', 120_000],
  );
});

test('the same policy changes nothing, another interval is taken over', async () => {
  const before = (await handle.describe()).info.lastUpdatedAt;
  await ensure(60_000);
  assert.deepEqual((await handle.describe()).info.lastUpdatedAt, before);
  await ensure(90_000);
  assert.deepEqual(await everyMs(), [90_000]);
  await ensure(5);
  assert.deepEqual(await everyMs(), [1_000], 'schedules know no shorter one');
});

test('a schedule that a person has paused stays so, and a warning says it', async () => {
  await handle.pause('we look ourselves');
  lines.length = 0;
  await ensure(120_000);
  const { state } = await handle.describe();
  assert.deepEqual([state.paused, state.note], [true, 'we look ourselves']);
  assert.deepEqual(await everyMs(), [120_000]);
  assert.match(lines.join('\n'), /The schedule is paused/);
});

test('the stock is read every stockEvery and at once, and reported each morning by the clock of the shop', async () => {
  const { spec, action, policies } = await monitor.describe();
  assert.deepEqual(
    spec.intervals?.map(({ every }) => every),
    [300_000],
  );
  assert.deepEqual(
    [action.workflowType, action.taskQueue, policies.overlap],
    ['monitorStock', 'orders', 'SKIP'],
  );
  assert.equal(
    (await monitor.describe()).info.numActionsTaken,
    1,
    'the first one does not wait for its turn',
  );
  const daily = await report.describe();
  assert.deepEqual([daily.spec.calendars?.[0]?.hour[0]?.start, daily.spec.timezone], [9, 'Asia/Kolkata']);
  assert.equal(daily.action.workflowType, 'reportLowStock');
  const before = daily.info.lastUpdatedAt;
  await ensure(120_000);
  assert.deepEqual((await report.describe()).info.lastUpdatedAt, before, 'the same zone changes nothing');
  await ensure(120_000, 600_000, 'Europe/Berlin');
  assert.equal((await report.describe()).spec.timezone, 'Europe/Berlin');
  assert.deepEqual(
    (await monitor.describe()).spec.intervals?.map(({ every }) => every),
    [600_000],
  );
});

test('the report comes at nine by the clock of the shop, on the days when the clock is changed too', async () => {
  const changes = [
    ['Europe/Berlin', '2027-03-26T00:00:00Z', '2027-10-29T00:00:00Z'],
    ['America/New_York', '2027-03-12T00:00:00Z', '2027-11-05T00:00:00Z'],
  ] as const;
  for (const [shopTimeZone, ...starts] of changes) {
    for (const startAt of starts) {
      const schedule = reportSchedule({ shopTimeZone });
      const spec = { ...schedule.spec, startAt: new Date(startAt) };
      const scheduleId = `${schedule.scheduleId}-${randomUUID().slice(0, 8)}`;
      const daily = await client.schedule.create({ ...schedule, scheduleId, spec, state: { paused: true } });
      const { nextActionTimes } = (await daily.describe()).info;
      await daily.delete();
      const days = nextActionTimes.slice(0, 5);
      const clocks = days.map((at) =>
        formatClock({ at: at.toISOString(), now: at.toISOString(), timeZone: shopTimeZone }),
      );
      assert.deepEqual(clocks, Array(5).fill('09:00'));
      assert.equal(
        new Set(days.map((at) => at.getUTCHours())).size,
        2,
        'the clock is changed within these days',
      );
      assert.equal(
        new Set(days.map((at) => shopDay({ at: at.toISOString(), timeZone: shopTimeZone }))).size,
        5,
      );
    }
  }
});
