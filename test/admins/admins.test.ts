import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAdminBook } from '../../src/admins/admin-book.ts';
import type { AdminDocument } from '../../src/admins/admin-document.ts';
import { createLoginLimit, prepareLoginLimit } from '../../src/admins/login-limit.ts';
import { freshDatabase } from '../support/stack.ts';

const { client, name: databaseName, db } = await freshDatabase();
const ended: string[] = [];
const book = createAdminBook({
  admins: db.collection<AdminDocument>('admins'),
  endSessions: async (name) => {
    ended.push(name);
  },
  now: () => '2026-11-21T10:00:00.000Z',
});
const password = 'a password of some length';
const nameOf = async (login: { name: string; password: string }) => (await book.check(login))?.name ?? null;

test('an admin signs in by name, in any case of letters, and password; the password is not in the database', async () => {
  assert.equal(await book.hasAny(), false);
  const added = await book.add({ name: 'Asha', password, by: 'ops', replace: false });
  assert.deepEqual(added, { kind: 'accepted', next: 'Asha can sign in now.' });
  assert.equal(await book.hasAny(), true);
  assert.equal(await nameOf({ name: ' ASHA ', password }), 'Asha');
  assert.equal(await nameOf({ name: 'Asha', password: `${password}!` }), null);
  assert.equal(await nameOf({ name: 'Nobody', password }), null);
  assert.equal(await nameOf({ name: 'Asha', password: 'x'.repeat(1_000_000) }), null);
  const [row] = await db.collection('admins').find().toArray();
  assert.match(row?.passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.ok(!JSON.stringify(row).includes(password));
});

test('a known name keeps its password unless it is replaced, which ends its sessions', async () => {
  const again = { name: 'asha', password: 'another long password', by: 'ops' };
  assert.equal((await book.add({ ...again, replace: false })).kind, 'refused');
  assert.equal(await nameOf({ name: 'Asha', password }), 'Asha');
  ended.length = 0;
  const before = await book.findGeneration('Asha');
  assert.equal(await book.findGeneration('Nobody'), null);
  assert.equal((await book.add({ ...again, replace: true })).kind, 'accepted');
  assert.equal(await nameOf({ name: 'Asha', password }), null);
  assert.equal(await nameOf({ name: 'Asha', password: again.password }), 'Asha');
  assert.notEqual(await book.findGeneration('Asha'), before, 'sessions that come back are known by it');
  assert.deepEqual(ended, ['Asha'], 'by the name that sessions hold, however it was typed');
});

test('names that cannot be read and passwords that are easily guessed are refused', async () => {
  const add = (name: string, secret: string) =>
    book.add({ name, password: secret, by: 'ops', replace: false });
  for (const name of ['', 'x', '<b>', 'a\nb', 'x'.repeat(41)]) {
    assert.match(JSON.stringify(await add(name, password)), /The name is not/, name);
  }
  assert.match(JSON.stringify(await add('Ravi', 'too short')), /fewer than 12/);
  assert.equal((await book.remove({ name: 'Ravi' })).kind, 'refused');
});

test('tries are counted in the database, also where many come at once, and forgotten after a login', async () => {
  await prepareLoginLimit({ client, databaseName });
  const tries = { name: 5, address: 100, anywhere: 100 };
  const who = { name: 'Asha', address: '192.0.2.1' };
  const limit = createLoginLimit({ client, databaseName, tries });
  const waits = await Promise.all(Array.from({ length: 12 }, () => limit.count(who)));
  assert.equal(waits.filter((wait) => wait === null).length, 5);
  const restarted = createLoginLimit({ client, databaseName, tries });
  const wait = await restarted.count({ ...who, name: 'ASHA ' });
  assert.ok(wait !== null && wait > 800 && wait <= 900, String(wait));
  assert.equal(await restarted.count({ ...who, address: '192.0.2.2' }), null, 'others are let in');
  await restarted.forget(who);
  assert.equal(await restarted.count(who), null);
  const stored = JSON.stringify(await db.collection('loginTries').find().toArray());
  assert.doesNotMatch(stored, /asha|192\.0\.2/i);
});

test('a name has so many tries from anywhere: many addresses do not make more of them', async () => {
  const tries = { name: 5, address: 100, anywhere: 30 };
  const limit = createLoginLimit({ client, databaseName, tries });
  const ask = (index: number, name = 'Ravi') => limit.count({ name, address: `198.51.100.${index}` });
  for (let index = 0; index < 30; index += 1) assert.equal(await ask(index), null, `try ${index + 1}`);
  assert.ok(Number(await ask(30)) > 800);
  assert.equal(await ask(31, 'Meera'), null, 'other names are let in');
  await limit.forget({ name: 'Meera', address: '198.51.100.31' });
});

test('addresses of one IPv6 line count as one, however they are written', async () => {
  const tries = { name: 100, address: 3, anywhere: 100 };
  const limit = createLoginLimit({ client, databaseName, tries });
  const ask = (address: string, name: string) => limit.count({ address, name });
  assert.equal(await ask('2001:db8:0:7::1', 'a'), null);
  assert.equal(await ask('2001:0DB8:0000:0007:ffff::2', 'b'), null);
  assert.equal(await ask('2001:db8::7:1:2:3:4', 'c'), null);
  assert.ok(Number(await ask('2001:db8:0:7:abcd:1:2:3', 'd')) > 0);
  assert.equal(await ask('2001:db8:0:8::1', 'e'), null, 'another line');
  for (const name of ['f', 'g', 'h']) assert.equal(await ask('::ffff:203.0.113.9', name), null);
  assert.ok(Number(await ask('203.0.113.9', 'i')) > 0, 'IPv4 is IPv4 also where it is written as IPv6');
});
