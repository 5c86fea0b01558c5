import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEnv } from 'node:util';
import { type GuardedProcess, startGuarded } from '../../src/dev/child-process.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase, useStack } from '../support/stack.ts';
import { projectRoot, readComposeFile, readProjectFile } from './project-files.ts';

const compose = readComposeFile();
const running: GuardedProcess[] = [];

/** What docker-compose.yml would start, with every host name of its network replaced by a port on loopback. */
async function composeOnLoopback() {
  const stack = await useStack();
  const { uri } = await freshDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'harbourmaster-compose-'));
  const port = () => freePort({ part: 'a part', log: () => undefined });
  const [api, simulator, smtp] = [await port(), await port(), await port()];
  const replacements: [string, string][] = [
    ['temporal:7233', stack.temporalAddress],
    ['mongodb://mongodb:27017/harbourmaster?replicaSet=rs0', uri],
    ['simulator:9500', `127.0.0.1:${simulator}`],
    ['simulator:9525', `127.0.0.1:${smtp}`],
    ['api:3000', `127.0.0.1:${api}`],
  ];
  const onLoopback = (value: string) =>
    replacements.reduce((text, [host, address]) => text.replace(host, address), value);
  const ports: Record<string, string> = {
    PORT: String(api),
    SIMULATOR_HOST: '127.0.0.1',
    SIMULATOR_PORT: String(simulator),
    SIMULATOR_SMTP_PORT: String(smtp),
    TEMPORAL_NAMESPACE: `compose-${randomUUID().slice(0, 8)}`,
  };
  after(async () => {
    await Promise.all(running.map((part) => part.stop()));
    await rm(dataDir, { recursive: true });
  });
  return {
    start(name: string): GuardedProcess {
      const { command = [], environment = {} } = compose.services[name] ?? {};
      const given = { ...parseEnv(readProjectFile('.env.example')), ...environment };
      const env = Object.entries(given).map(([key, value]) => [key, ports[key] ?? onLoopback(value ?? '')]);
      const [program, entry = '', ...args] = command;
      assert.equal(program, 'node');
      const part = startGuarded({
        command: process.execPath,
        args: [join(projectRoot, entry), ...args.map((arg) => arg.replace(/^\.data/, dataDir))],
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...Object.fromEntries(env) },
      });
      running.push(part);
      return part;
    },
    simulatorUrl: `http://127.0.0.1:${simulator}/simulator`,
  };
}

test('the parts of docker-compose.yml with the values of .env.example deliver the demo order', async () => {
  const parts = await composeOnLoopback();
  const prepared = parts.start('prepare-namespace');
  const simulator = parts.start('simulator');
  assert.equal(await prepared.exited, 0, prepared.lastLines().join('\n'));
  const worker = parts.start('worker');
  const api = parts.start('api');
  await eventually({
    what: 'the simulator answering',
    read: () =>
      fetch(`${parts.simulatorUrl}/config`).then(
        ({ ok }) => ok,
        () => false,
      ),
    isRight: (ok) => ok || simulator.hasExited(),
  });
  const demoOrder = parts.start('demo-order');
  const exitCode = await demoOrder.exited;
  const said = [demoOrder, worker, api, simulator].map((part) => part.lastLines().join('\n')).join('\n\n');
  assert.equal(exitCode, 0, said);
  assert.match(
    demoOrder.lastLines().at(-1) ?? '',
    /^Delivered order ord-\w+: 103\.181\.91\.\d+, [\d.]+ s after/,
  );
  const ledger = (await (await fetch(`${parts.simulatorUrl}/ledger`)).json()) as {
    summary: { sales: number };
  };
  assert.equal(ledger.summary.sales, 1);
});
