import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { FaultAction, FaultDefinition } from '../../src/simulator/faults.ts';
import { startTestSimulator, type TestSimulator, testLatency } from '../support/simulator.ts';
import { callSmartvps, decodeFully, until } from './supplier-calls.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startTestSimulator();
});
beforeEach(() =>
  simulator.control.reset({
    latency: testLatency,
    quirks: { textQuoted: 0, numericStrings: 0 },
    packages: [
      { id: 5, name: '103.181.91', addresses: ['103.181.91.10-12'] },
      { id: 6, name: '103.182.44', addresses: ['103.182.44.18-20'] },
    ],
  }),
);
after(() => simulator.stop());

const buy = (signal?: AbortSignal) =>
  callSmartvps({
    simulator,
    name: 'buyvps',
    body: { ip: '103.181.91', ram: '8' },
    ...(signal ? { signal } : {}),
  });
const set = (action: FaultAction, when: FaultDefinition['when'] = {}) =>
  simulator.control.addFaults({ call: 'buyvps', when, do: action });
const firedCounts = async () => (await simulator.control.faults()).map((rule) => rule.fired);
const settledPurchase = () =>
  until(async () => {
    const call = (await simulator.control.ledger()).purchases[0];
    return call !== undefined && call.answer !== 'pending' ? call : undefined;
  });

test('a lost answer: the sale stands in the ledger, the client sees a broken connection', async () => {
  await set({ kind: 'answerLost' });
  await assert.rejects(buy(), /fetch failed/);
  const call = await settledPurchase();
  assert.deepEqual([call.answer, call.soldAddress, call.answeredAt], ['lost', '103.181.91.10', null]);
  assert.notEqual(call.committedAt, null);
  assert.deepEqual(await firedCounts(), [1]);
});

test('a connection dropped before the call sells nothing', async () => {
  await set({ kind: 'dropBefore' });
  await assert.rejects(buy(), /fetch failed/);
  const call = await settledPurchase();
  assert.deepEqual([call.answer, call.soldAddress], ['droppedBefore', null]);
});

test('a call that is never answered sold its address when it was done, and notes that the client gave up', async () => {
  await set({ kind: 'neverAnswer' });
  await assert.rejects(buy(AbortSignal.timeout(150)), { name: 'TimeoutError' });
  const call = await settledPurchase();
  assert.deepEqual(
    [call.answer, call.soldAddress, call.closedEarlyByClient],
    ['neverAnswered', '103.181.91.10', true],
  );
  assert.equal(call.endedAt, call.committedAt);
});

test('a client that goes away in the middle does not stop the sale', async () => {
  await assert.rejects(buy(AbortSignal.timeout(10)), { name: 'TimeoutError' });
  const call = await settledPurchase();
  assert.deepEqual(
    [call.soldAddress, call.answeredAt, call.closedEarlyByClient],
    ['103.181.91.10', null, true],
  );
});

test('a slow drip takes its time and arrives whole', async () => {
  await set({ kind: 'slowDrip', ms: 200 });
  const startMs = Date.now();
  assert.match((await buy()).text, /103\.181\.91\.10$/);
  assert.ok(Date.now() - startMs >= 150);
});

test('an HTTP error comes before the sale or after it, as the rule says', async () => {
  await set({ kind: 'status', status: 429 }, { nth: 1 });
  await set({ kind: 'status', status: 502, afterSale: true }, { nth: 2 });
  assert.equal((await buy()).status, 429);
  assert.equal((await buy()).status, 502);
  const { purchases } = await simulator.control.ledger();
  assert.deepEqual(
    purchases.map((call) => call.soldAddress),
    [null, '103.181.91.10'],
  );
  assert.deepEqual(await firedCounts(), [1, 1]);
});

test('an error text can hide a sale', async () => {
  await set({ kind: 'errorText', reason: 'Insufficient balance' }, { nth: 1 });
  await set({ kind: 'errorText', reason: 'Something went wrong', sold: true }, { nth: 2 });
  assert.equal((await buy()).text, 'error|Insufficient balance');
  assert.equal((await buy()).text, 'error|Something went wrong');
  const { purchases } = await simulator.control.ledger();
  assert.deepEqual(
    purchases.map((call) => call.soldAddress),
    [null, '103.181.91.10'],
  );
  assert.deepEqual(
    purchases.map((call) => call.answer),
    ['error', 'error'],
  );
});

test('garbage, a huge body, two addresses and a redirect each reach the client', async () => {
  await set({ kind: 'garbage', text: '<b>oops' }, { nth: 1 });
  await set({ kind: 'hugeBody', bytes: 2_000_000 }, { nth: 2 });
  await set({ kind: 'twoAddresses' }, { nth: 3 });
  await set({ kind: 'redirect' }, { nth: 4 });
  assert.equal((await buy()).text, '<b>oops');
  assert.equal((await buy()).text.length, 2_000_000);
  assert.match((await buy()).text, /103\.181\.91\.12, 103\.181\.91\.13$/);
  assert.equal((await buy()).status, 307);
  assert.deepEqual(await firedCounts(), [1, 1, 1, 1]);
  const { purchases } = await simulator.control.ledger();
  assert.deepEqual(
    purchases.map((call) => call.answer),
    ['garbage', 'hugeBody', 'twoAddresses', 'redirect'],
  );
});

test('a neighbour comes from the package named, else from the network one below', async () => {
  await set({ kind: 'neighbourPackage' }, { nth: 1 });
  await set({ kind: 'neighbourPackage', package: '103.182.44' }, { nth: 2 });
  assert.match((await buy()).text, /103\.181\.90\.10$/);
  assert.match((await buy()).text, /103\.182\.44\.18$/);
  await simulator.control.updatePackage('103.181.91', { neighbourEvery: 3 });
  assert.match((await buy()).text, /103\.181\.90\.11$/);
  assert.equal((await simulator.control.ledger()).summary.byPackage['103.181.91']?.soldElsewhere, 3);
});

test('a package exhausted just before the sale falls back, and its count is zero afterwards', async () => {
  await set({ kind: 'exhaustMidOrder' });
  assert.match((await buy()).text, /103\.182\.44\.18$/);
  assert.deepEqual((await simulator.control.packages())[0]?.addresses, []);
});

test('an address can be sold twice, and a package renamed under the order', async () => {
  await set({ kind: 'sellAddress', address: '103.181.91.10' }, { nth: 2 });
  await set({ kind: 'renamePackage', to: '103.181.91b' }, { nth: 3 });
  assert.match((await buy()).text, /103\.181\.91\.10$/);
  assert.match((await buy()).text, /103\.181\.91\.10$/);
  assert.equal((await buy()).text, 'error|Package not found');
});

test('credentials can be late for one purchase', async () => {
  await set({ kind: 'credentialsLate', ms: 60_000 });
  await buy();
  const { readyAt } = await simulator.control.server('103.181.91.10');
  assert.ok(Date.parse(readyAt) - Date.now() > 50_000);
});

test('numeric strings can be forced for one answer', async () => {
  await simulator.control.addFaults({ call: 'ipstock', do: { kind: 'numericString' }, when: { times: 1 } });
  const ask = async () =>
    decodeFully((await callSmartvps({ simulator, name: 'ipstock', body: {} })).text).value;
  assert.match(JSON.stringify(await ask()), /"ipv4":"3"/);
  assert.match(JSON.stringify(await ask()), /"ipv4":3/);
});

test('rules count: every second call, at most so many times, only the package or address named', async () => {
  await simulator.control.addFaults(
    { id: 'second', call: 'ipstock', when: { every: 2, times: 1 }, do: { kind: 'status', status: 503 } },
    { id: 'address', call: '*', when: { address: '103.181.91.11' }, do: { kind: 'status', status: 500 } },
  );
  const ask = async (name: string, body: unknown) => (await callSmartvps({ simulator, name, body })).status;
  const statuses = [];
  for (let round = 0; round < 4; round += 1) statuses.push(await ask('ipstock', {}));
  assert.deepEqual(statuses, [200, 503, 200, 200]);
  assert.equal(await ask('status', { ip: '103.181.91.11' }), 500);
  assert.equal(await ask('status', { ip: '103.181.91.12' }), 200);
  assert.deepEqual(await firedCounts(), [1, 1]);
});

test('a rule that may fire once fires once for calls at the same time', async () => {
  await set({ kind: 'errorText', reason: 'Busy' }, { times: 1 });
  const answers = await Promise.all([buy(), buy(), buy()]);
  assert.equal(answers.filter(({ text }) => text === 'error|Busy').length, 1);
  assert.deepEqual(await firedCounts(), [1]);
});

test('a rule that a call never came to has not fired and stays for the next one', async () => {
  await set({ kind: 'dropBefore' }, { nth: 1 });
  await set({ kind: 'answerLost' }, { times: 1 });
  await assert.rejects(buy());
  assert.deepEqual(await firedCounts(), [1, 0]);
  await assert.rejects(buy());
  assert.deepEqual(await firedCounts(), [1, 1]);
});

test('a rule that could never do anything is refused with the kinds that could', async () => {
  await assert.rejects(
    simulator.control.addFaults({ call: 'start', do: { kind: 'twoAddresses' } }),
    /A fault on start does one of dropBefore.*, not "twoAddresses"/,
  );
});
