import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  configVariables,
  ownServices,
  packageScripts,
  readComposeFile,
  readProjectFile,
} from './project-files.ts';

const compose = readComposeFile();
const services = Object.entries(compose.services);

/** Variables of the simulator, which is no part of the service. */
const simulatorVariables = ['SIMULATOR_HOST', 'SIMULATOR_PORT', 'SIMULATOR_SMTP_PORT'];

function checkAgainstSpecification(file: unknown): string[] {
  const schema = JSON.parse(readProjectFile('test/docs/compose-spec.json'));
  const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  validate(file);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test('docker-compose.yml is valid by the compose specification', () => {
  assert.deepEqual(checkAgainstSpecification(compose), []);
});

test('the check against the specification finds what is wrong', () => {
  const worker = {
    ...compose.services.worker,
    depends_on: { api: { condition: 'service_awake' } },
    prots: [],
  };
  const problems = checkAgainstSpecification({ ...compose, services: { worker } });
  assert.ok(
    problems.some((problem) => problem.startsWith('/services/worker ')),
    problems.join('\n'),
  );
  assert.ok(
    problems.some((problem) => problem.startsWith('/services/worker/depends_on/api/condition ')),
    problems.join('\n'),
  );
});

test('every image is pinned to a version', () => {
  for (const [name, { image }] of services) {
    assert.match(image, /^harbourmaster:local$|:\d+\.\d+(\.\d+)?$/, `${name}: ${image}`);
  }
  assert.match(readProjectFile('Dockerfile'), /^FROM node:24\.\d+\.\d+-bookworm-slim$/m);
});

test('every port is open on this machine alone', () => {
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  assert.ok(ports.length > 0);
  for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
});

test('every dependency is a service, and one that is waited for as healthy has a health check', () => {
  for (const [name, { depends_on = {} }] of services) {
    for (const [wanted, { condition }] of Object.entries(depends_on)) {
      const other = compose.services[wanted];
      assert.ok(other, `${name} depends on ${wanted}, which is no service`);
      if (condition === 'service_healthy') assert.ok(other.healthcheck, `${wanted} has no health check`);
      const always = other.profiles === undefined;
      assert.ok(
        always || compose.services[name]?.profiles,
        `${name} needs ${wanted}, which a profile may leave out`,
      );
    }
  }
});

test('every volume that is mounted is declared', () => {
  const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]));
  assert.deepEqual(new Set(mounted), new Set(Object.keys(compose.volumes)));
});

test('every command of ours in docker-compose.yml and Dockerfile is a script of package.json', () => {
  const scripts = packageScripts();
  const commands = ownServices().map(([name, { command = [] }]) => ({ name, words: command }));
  const inDockerfile = /^CMD (\[.*\])$/m.exec(readProjectFile('Dockerfile'))?.[1] ?? '[]';
  commands.push({ name: 'Dockerfile', words: JSON.parse(inDockerfile) });
  for (const { name, words } of commands) {
    const script = scripts[words[2] ?? ''];
    assert.equal(words.slice(0, 3).join(' '), script, `${name}: "${words.join(' ')}" is no script`);
  }
});

test('every variable that our services get is one that is read', () => {
  const known = [...configVariables(), ...simulatorVariables];
  for (const [name, { environment = {}, env_file = [] }] of ownServices()) {
    for (const variable of Object.keys(environment)) {
      assert.ok(known.includes(variable), `${name} sets ${variable}, which nobody reads`);
    }
    assert.deepEqual(env_file[0], { path: '.env.example' }, `${name} starts from .env.example`);
  }
});

test('the addresses of .env.example name services of docker-compose.yml', () => {
  const example = parseEnv(readProjectFile('.env.example'));
  const hosts = [
    'TEMPORAL_ADDRESS',
    'MONGODB_URI',
    'SMARTVPS_BASE_URL',
    'CASHFREE_BASE_URL',
    'SMTP_URL',
    'PUBLIC_URL',
  ]
    .map((variable) => example[variable] ?? '')
    .map((address) => /^(?:\w+:\/\/)?([\w-]+):\d+/.exec(address)?.[1]);
  for (const host of hosts) assert.ok(host !== undefined && host in compose.services, `no service ${host}`);
});

test('a worker that is stopped has time to finish the longest purchase', () => {
  const minutes = /^(\d+)m$/.exec(compose.services.worker?.stop_grace_period ?? '')?.[1];
  // The default longestPurchase is 4 minutes; the worker itself waits for up to 2 more.
  assert.ok(Number(minutes) > 6, `stop_grace_period is ${minutes} minutes`);
});
