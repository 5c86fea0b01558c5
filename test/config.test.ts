import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, readConfig } from '../src/config.ts';

const secretOf = (letter: string) => letter.repeat(32);
const key = randomBytes(32).toString('base64');

const complete = {
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  MONGODB_URI: 'mongodb://127.0.0.1:27017',
  SMARTVPS_BASE_URL: 'http://127.0.0.1:4000/smartvps',
  SMARTVPS_USERNAME: 'shop',
  SMARTVPS_PASSWORD: 'pw',
  CASHFREE_BASE_URL: 'http://127.0.0.1:4000/cashfree',
  CASHFREE_CLIENT_ID: 'id',
  CASHFREE_CLIENT_SECRET: 's',
  SMTP_URL: 'smtp://127.0.0.1:2525',
  MAIL_FROM: 'Shop <shop@example.com>',
  ADMIN_EMAIL: 'admin@localhost',
  PUBLIC_URL: 'http://localhost:3000/',
  STOREFRONT_TOKEN: secretOf('s'),
  ADMIN_TOKEN: secretOf('a'),
  SESSION_SECRET: secretOf('x'),
  CREDENTIALS_KEY: key,
};

function problemsOf(
  part: Parameters<typeof readConfig>[0],
  env: Record<string, string | undefined>,
): string[] {
  try {
    readConfig(part, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'badEnvironment');
    return [...error.problems];
  }
  return assert.fail('the environment was accepted');
}

test('a complete environment gives worker and API their settings with the defaults of the rest', () => {
  const worker = readConfig('worker', complete);
  assert.deepEqual(worker.temporal, { address: '127.0.0.1:7233', namespace: 'default', tls: false });
  assert.equal(worker.mongodbDatabase, 'harbourmaster');
  assert.equal(worker.mongodbUri, 'mongodb://127.0.0.1:27017');
  assert.equal(worker.smartvps.apiPrefix, 'api/oceansmart');
  assert.equal(worker.hostycare, null);
  assert.equal(worker.shopTimeZone, 'UTC');
  assert.equal(worker.logLevel, 'info');
  assert.equal(worker.policyFile, null);
  assert.equal(worker.publicUrl, 'http://localhost:3000');
  assert.deepEqual(worker.warnings, []);
  const api = readConfig('api', complete);
  assert.equal(api.http.port, 3000);
  assert.equal(api.razorpay, null);
});

test('everything that is missing is named at once, each with a way out', () => {
  const required = {
    worker: [
      'TEMPORAL_ADDRESS',
      'MONGODB_URI',
      'SMARTVPS_BASE_URL',
      'SMARTVPS_USERNAME',
      'SMARTVPS_PASSWORD',
      'CASHFREE_BASE_URL',
      'CASHFREE_CLIENT_ID',
      'CASHFREE_CLIENT_SECRET',
    ].concat(['SMTP_URL', 'MAIL_FROM', 'ADMIN_EMAIL', 'PUBLIC_URL', 'SESSION_SECRET', 'CREDENTIALS_KEY']),
    api: [
      'TEMPORAL_ADDRESS',
      'MONGODB_URI',
      'CASHFREE_BASE_URL',
      'CASHFREE_CLIENT_ID',
      'CASHFREE_CLIENT_SECRET',
    ].concat(['PUBLIC_URL', 'STOREFRONT_TOKEN', 'ADMIN_TOKEN', 'SESSION_SECRET', 'CREDENTIALS_KEY']),
    import: ['MONGODB_URI'],
  } as const;
  for (const part of ['worker', 'api', 'import'] as const) {
    const problems = problemsOf(part, {});
    assert.deepEqual(
      problems.map((problem) => problem.split(' ')[0]),
      required[part],
    );
    for (const problem of problems) assert.match(problem, / is missing\. Set it to /);
  }
});

test('an empty variable counts as unset', () => {
  assert.equal(
    readConfig('api', { ...complete, PORT: '', LOG_LEVEL: '', RAZORPAY_KEY_ID: '' }).http.port,
    3000,
  );
  assert.match(problemsOf('import', { MONGODB_URI: '' }).join(), /^MONGODB_URI is missing/);
});

test('a short secret of ours is refused by name, another party may be as short as it likes', () => {
  const problems = problemsOf('api', {
    ...complete,
    STOREFRONT_TOKEN: 'short-storefront',
    SESSION_SECRET: 'tiny-one',
  });
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? '', /^STOREFRONT_TOKEN is shorter than 32 characters/);
  assert.match(problems[1] ?? '', /^SESSION_SECRET is shorter than 32 characters/);
  assert.equal(readConfig('api', complete).cashfree.clientSecret, 's');
});

test('no value of the environment appears in an error', () => {
  const env = {
    ...complete,
    TEMPORAL_ADDRESS: 'http://leak-1:1',
    MONGODB_URI: 'http://user:leak-2@host',
    PUBLIC_URL: 'leak-3',
    ADMIN_TOKEN: 'leak-4',
    PORT: 'leak-5',
    CASHFREE_BASE_URL: 'ftp://user:leak-6@host',
    SHOP_TIME_ZONE: 'leak/7',
    LOG_LEVEL: 'leak-8',
  };
  const problems = problemsOf('api', env);
  assert.equal(problems.length, 8);
  assert.doesNotMatch(problems.join('\n'), /leak/);
  const smtp = problemsOf('worker', {
    ...complete,
    SMTP_URL: 'http://u:leak@h',
    CREDENTIALS_KEY: 'k:leak',
    MAIL_FROM: 'leak',
  });
  assert.equal(smtp.length, 3);
  assert.doesNotMatch(smtp.join('\n'), /leak/);
});

test('an address without a host, or with what cannot stand before a path, is a problem', () => {
  for (const [variable, value, problem] of [
    ['SMTP_URL', 'smtp:mail.example.com', /^SMTP_URL is not an smtp or smtps address/],
    ['SMTP_URL', 'smtp://', /^SMTP_URL is not an smtp or smtps address/],
    ['PUBLIC_URL', 'https:shop.example', /^PUBLIC_URL is not an http or https address/],
    ['TEMPORAL_UI_URL', 'https://ui.example/?x=1', /^TEMPORAL_UI_URL holds a login, a query or a fragment/],
    ['SMARTVPS_BASE_URL', 'https://u:leak@h.example/x', /^SMARTVPS_BASE_URL holds a login, a query/],
  ] as const) {
    const problems = problemsOf('worker', { ...complete, [variable]: value });
    assert.equal(problems.length, 1, value);
    assert.match(problems[0] ?? '', problem);
    assert.doesNotMatch(problems[0] ?? '', /leak/);
  }
  readConfig('worker', { ...complete, SMTP_URL: 'SMTPS://u:p@mail.example.com:465?pool=true' });
});

test('the admin token must differ from the storefront token', () => {
  const problems = problemsOf('api', { ...complete, ADMIN_TOKEN: complete.STOREFRONT_TOKEN });
  assert.match(problems.join(), /^ADMIN_TOKEN equals STOREFRONT_TOKEN/);
});

test('the variables of Razorpay and Hostycare are set together or not at all', () => {
  const razorpay = problemsOf('api', { ...complete, RAZORPAY_KEY_ID: 'id' });
  assert.deepEqual(
    razorpay.map((problem) => problem.split(' ')[0]),
    ['RAZORPAY_BASE_URL', 'RAZORPAY_KEY_SECRET', 'RAZORPAY_WEBHOOK_SECRET'],
  );
  const hostycare = { HOSTYCARE_BASE_URL: 'https://h.example/api', HOSTYCARE_EMAIL: 'r@example.com' };
  assert.match(problemsOf('worker', { ...complete, ...hostycare }).join(), /^HOSTYCARE_API_KEY is missing/);
  const whole = readConfig('worker', { ...complete, ...hostycare, HOSTYCARE_API_KEY: 'k' });
  assert.deepEqual(whole.hostycare, {
    baseUrl: 'https://h.example/api',
    email: 'r@example.com',
    apiKey: 'k',
  });
});

test('CREDENTIALS_KEY is one key or several with ids, 32 bytes each', () => {
  const other = randomBytes(32).toString('base64');
  const idsOf = (value: string) =>
    readConfig('worker', { ...complete, CREDENTIALS_KEY: value }).credentialsKeys.map(
      ({ id, key: bytes }) => [id, bytes.length],
    );
  assert.deepEqual(idsOf(key), [['default', 32]]);
  assert.deepEqual(idsOf(`new:${key},old:${other}`), [
    ['new', 32],
    ['old', 32],
  ]);
  for (const bad of [`a:${key},a:${other}`, randomBytes(16).toString('base64'), `a:${key},b:`, `${key}x`]) {
    assert.match(problemsOf('worker', { ...complete, CREDENTIALS_KEY: bad }).join(), /^CREDENTIALS_KEY /);
  }
});

test('a database name in MONGODB_URI is kept', () => {
  const databaseOf = (uri: string) => readConfig('import', { MONGODB_URI: uri }).mongodbDatabase;
  assert.equal(databaseOf('mongodb://u:p@h1:1,h2:2/shop?replicaSet=a'), 'shop');
  assert.equal(databaseOf('mongodb://h:1/?w=majority'), 'harbourmaster');
  assert.equal(databaseOf('mongodb+srv://h.example'), 'harbourmaster');
});

test('plain http beyond this machine is allowed with a warning', () => {
  const { warnings } = readConfig('api', {
    ...complete,
    PUBLIC_URL: 'http://shop.example.com',
    CASHFREE_BASE_URL: 'http://[::1]:4000/cashfree',
  });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^PUBLIC_URL is an http address beyond this machine/);
});

test('Temporal speaks TLS with an API key, with certificates, or not at all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'harbourmaster-tls-'));
  try {
    const path = join(folder, 'part.pem');
    writeFileSync(path, 'PEM');
    const tlsOf = (env: Record<string, string>) => readConfig('ops', { ...complete, ...env }).temporal.tls;
    assert.equal(tlsOf({ TEMPORAL_API_KEY: 'k' }), true);
    const pem = new Uint8Array(Buffer.from('PEM'));
    assert.deepEqual(
      tlsOf({
        TEMPORAL_TLS_CA: path,
        TEMPORAL_TLS_CERT: path,
        TEMPORAL_TLS_KEY: path,
        TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
      }),
      {
        serverRootCACertificate: pem,
        clientCertPair: { crt: pem, key: pem },
        serverNameOverride: 'temporal.example',
      },
    );
    assert.match(
      problemsOf('ops', { ...complete, TEMPORAL_TLS_CERT: path }).join(),
      /^TEMPORAL_TLS_KEY is missing/,
    );
    const unreadable = problemsOf('ops', { ...complete, TEMPORAL_TLS_CA: join(folder, 'absent.pem') });
    assert.match(unreadable.join(), /^TEMPORAL_TLS_CA names a file that cannot be read \(ENOENT\)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a port, a time zone and a level that do not exist are refused', () => {
  const problems = problemsOf('api', {
    ...complete,
    PORT: '70000',
    SHOP_TIME_ZONE: 'Asia/Atlantis',
    LOG_LEVEL: 'loud',
  });
  assert.deepEqual(
    problems.map((problem) => problem.split(' ')[0]),
    ['PORT', 'SHOP_TIME_ZONE', 'LOG_LEVEL'],
  );
  assert.equal(
    readConfig('api', { ...complete, SHOP_TIME_ZONE: 'Asia/Kolkata' }).shopTimeZone,
    'Asia/Kolkata',
  );
});

test('the time zone is spelled as Temporal takes it, which knows no other case, no offset and no short name', () => {
  const zoneOf = (zone: string) => readConfig('api', { ...complete, SHOP_TIME_ZONE: zone }).shopTimeZone;
  const zones = {
    'Europe/Berlin': 'Europe/Berlin',
    'europe/berlin': 'Europe/Berlin',
    'Asia/Kolkata': 'Asia/Kolkata',
    'Asia/kolkata': 'Asia/Calcutta',
    'America/port_of_spain': 'America/Port_of_Spain',
    'Etc/GMT+5': 'Etc/GMT+5',
    utc: 'UTC',
    GMT: 'UTC',
  };
  for (const [given, zone] of Object.entries(zones)) assert.equal(zoneOf(given), zone);
  for (const given of ['+05:30', 'IST', 'EST', 'UTC+1', 'Europe/Atlantis']) {
    assert.throws(() => zoneOf(given), { message: /SHOP_TIME_ZONE is not a time zone/ });
  }
});

test('an operator reads that the command lacks its database, not the name of a part', () => {
  assert.throws(() => readConfig('import', {}), {
    message: /^Failed to start the command: the environment is not complete\.\n- MONGODB_URI is missing\. /,
  });
});

test('PUBLIC_URL is a host alone: pages and links begin at its root', () => {
  const publicUrlOf = (given: string) => readConfig('api', { ...complete, PUBLIC_URL: given }).publicUrl;
  assert.equal(publicUrlOf('HTTPS://Shop.example/'), 'https://shop.example');
  for (const given of [
    'https://shop.example/vps',
    'https://shop.example/?a=b',
    'https://user:word@shop.example',
  ]) {
    assert.throws(() => publicUrlOf(given), /PUBLIC_URL has something behind its host\..*without a path\./);
  }
});
