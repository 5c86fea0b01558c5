import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  candidateAddresses,
  extractPackageName,
  isPublicIpv4,
  type MatchPolicy,
  matchesPackage,
  packageSize,
  parseIpv4,
  parsePackageName,
} from '../../src/domain/package-name.ts';

const octet = fc.integer({ min: 0, max: 255 });
const near = fc.constantFrom(0, 1, 9, 10, 18, 25, 91, 103, 109, 180, 181, 189, 190, 250, 255);
const anyOctet = fc.oneof(octet, near);
const third = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('x', '1x', '9x', '18x', '24x', '25x'),
  anyOctet.map(String),
);

/** The addresses a name stands for, by definition: numbers are written out and compared as the name reads. */
function enumerate(name: { first: number; second: number; third: string | undefined; fourth?: number }) {
  const found = new Set<string>();
  for (let c = 0; c < 256; c++) {
    const written = String(c);
    const stem = name.third?.endsWith('x') ? name.third.slice(0, -1) : undefined;
    const isIn =
      name.third === undefined ||
      stem === '' ||
      (stem === undefined ? written === name.third : written === stem || written.slice(0, -1) === stem);
    if (!isIn) continue;
    for (let d = 0; d < 256; d++) {
      if (name.fourth === undefined || name.fourth === d) found.add(`${name.first}.${name.second}.${c}.${d}`);
    }
  }
  return found;
}

const wildName = fc.record({ first: near, second: near, third });
const singleName = fc.record({ first: near, second: near, third: near.map(String), fourth: near });
const generatedName = fc.oneof(wildName, singleName);

function write(name: { first: number; second: number; third: string | undefined; fourth?: number }) {
  return [name.first, name.second, name.third, name.fourth].filter((part) => part !== undefined).join('.');
}

function matches(address: string, packageName: string, matchPolicy: MatchPolicy = 'exact') {
  return matchesPackage({ address, packageName, matchPolicy });
}

test('an address matches a name exactly when it is among the addresses the name stands for', () => {
  fc.assert(
    fc.property(
      generatedName,
      fc.array(fc.tuple(near, near, anyOctet, octet), { minLength: 20 }),
      (name, all) => {
        const members = enumerate(name);
        for (const address of all.map((octets) => octets.join('.'))) {
          assert.equal(matches(address, write(name)), members.has(address), `${address} in ${write(name)}`);
        }
        for (const octets of all) {
          const address = [name.first, name.second, octets[2], octets[3]].join('.');
          assert.equal(matches(address, write(name)), members.has(address), `${address} in ${write(name)}`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('the candidates of a name are the addresses it stands for, each once, and its size is their number', () => {
  fc.assert(
    fc.property(generatedName, (name) => {
      const members = enumerate(name);
      const candidates = [...candidateAddresses({ packageName: write(name) })];
      assert.equal(candidates.length, members.size);
      assert.ok(candidates.every((address) => members.has(address)));
      assert.equal(packageSize(write(name)), members.size);
    }),
    { numRuns: 40 },
  );
});

test('the policy sameNetwork16 accepts every address with the first two octets and no other', () => {
  fc.assert(
    fc.property(generatedName, anyOctet, anyOctet, anyOctet, anyOctet, (name, a, b, c, d) => {
      const isNear = a === name.first && b === name.second;
      assert.equal(matches(`${a}.${b}.${c}.${d}`, write(name), 'sameNetwork16'), isNear);
      assert.equal(matches(`${name.first}.${name.second}.${c}.${d}`, write(name), 'sameNetwork16'), true);
    }),
  );
});

test('the names seen at the supplier stand for what the shop means by them', () => {
  assert.equal(matches('103.181.91.7', '103.181.91'), true);
  assert.equal(matches('103.181.90.7', '103.181.91'), false);
  assert.equal(matches('103.181.90.7', '103.181.91', 'sameNetwork16'), true);
  assert.equal(matches('103.182.44.18', '103.181.91', 'sameNetwork16'), false);
  assert.equal(matches('103.181.4.7', '103.181'), true);
  assert.equal(matches('103.83.200.7', '103.83.x'), true);
  assert.equal(matches('103.84.200.7', '103.83.x'), false);
  assert.equal(matches('103.109.18.1', '103.109.18x'), true);
  assert.equal(matches('103.109.179.1', '103.109.18x'), false);
  assert.equal(matches('103.109.180.1', '103.109.18x'), true);
  assert.equal(matches('103.109.189.1', '103.109.18x'), true);
  assert.equal(matches('103.109.190.1', '103.109.18x'), false);
  assert.equal(matches('103.195.160.2', '103.195.160.2'), true);
  assert.equal(matches('103.195.160.20', '103.195.160.2'), false);
});

test('a name that is only a text prefix of the address does not match', () => {
  assert.equal('103.181.91.7'.startsWith('103.181.9'), true);
  assert.equal(matches('103.181.91.7', '103.181.9'), false);
  assert.equal(matches('103.18.1.7', '103.1'), false);
});

test('a name or an address of another shape never matches under any policy', () => {
  const badNames = ['', '103', '103.181.91.', '.103.181', '103..91', '103.181.091', '103.181.256', '103.18x'];
  badNames.push(
    '103.181.0x',
    '103.181.xx',
    '103.181.100x',
    '103.181.x.7',
    '103.181.91.7.1',
    '103.181.-1',
    '1e2.1',
  );
  for (const name of badNames) {
    assert.equal(parsePackageName(name), undefined, name);
    assert.equal(matches('103.181.91.7', name), false, name);
    assert.equal(matches('103.181.91.7', name, 'sameNetwork16'), false, name);
    assert.deepEqual([...candidateAddresses({ packageName: name })], []);
    assert.equal(packageSize(name), 0);
  }
  const badAddresses = ['103.181.91', '103.181.91.7.', '103.181.91.07', ' 103.181.91.7', '103.181.91.256'];
  badAddresses.push('103.181.91.7\n', '103.181.91.٧', '', '103.181.91.7/24', '::ffff:103.181.91.7');
  for (const address of badAddresses) {
    assert.equal(parseIpv4(address), undefined, JSON.stringify(address));
    assert.equal(matches(address, '103.181.91', 'sameNetwork16'), false, JSON.stringify(address));
  }
});

test('text of any kind neither throws nor matches by accident', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
      extractPackageName(text);
      if (parsePackageName(text) === undefined) assert.equal(matches('103.181.91.7', text), false);
      assert.equal(matches(text, text), parseIpv4(text) !== undefined);
    }),
  );
});

test('space around a package name and a capital X do not change what it means', () => {
  assert.deepEqual(parsePackageName(' 103.181.91\n'), parsePackageName('103.181.91'));
  assert.equal(matches('103.83.9.1', '103.83.X'), true);
});

test('the package name is found in decorated product names', () => {
  assert.equal(extractPackageName('🌊 103.181.91'), '103.181.91');
  assert.equal(extractPackageName('🌊 103.184 (Diamond Pro AMD 3.1GHz)'), '103.184');
  assert.equal(extractPackageName('🌊 103.184 (AMD 3.1 GHz)'), '103.184');
  assert.equal(extractPackageName('🌊103.83.x - fast'), '103.83.x');
  assert.equal(extractPackageName('103.109.18x'), '103.109.18x');
  assert.equal(extractPackageName('VPS 103.195.160.2 [new]'), '103.195.160.2');
});

test('a product name with no package name or with several gives none', () => {
  assert.equal(extractPackageName('Diamond Pro'), undefined);
  assert.equal(extractPackageName('103.181.91 or 103.181.92'), undefined);
  assert.equal(extractPackageName('v103.181.91'), undefined);
});

test('addresses of special blocks are not public, their outer neighbours are', () => {
  const special = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '169.254.1.1',
    '172.16.0.1',
  ];
  special.push('172.31.255.255', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.19.255.255', '198.51.100.7');
  special.push(
    '203.0.113.5',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '103.181.91',
    'garbage',
  );
  for (const address of special) assert.equal(isPublicIpv4(address), false, address);
  const open = [
    '103.181.91.7',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
  ];
  open.push(
    '11.0.0.0',
    '9.255.255.255',
    '198.17.255.255',
    '198.20.0.0',
    '203.0.112.255',
    '223.255.255.255',
    '1.1.1.1',
  );
  for (const address of open) assert.equal(isPublicIpv4(address), true, address);
});
