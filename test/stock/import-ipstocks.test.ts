import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { collectionsOf } from '../../src/database.ts';
import { compareIpstock, leavesOf } from '../../src/stock/compare-ipstock.ts';
import { importIpstocks } from '../../src/stock/import-ipstocks.ts';
import { readIpstocks } from '../../src/stock/read-ipstocks.ts';
import { aPackage, aProduct } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const db = collectionsOf(fresh.db);
const now = () => '2026-11-21T10:00:00.000Z';

beforeEach(async () => {
  await Promise.all([db.packages.deleteMany({}), db.products.deleteMany({})]);
});

const documents = [
  {
    _id: { $oid: '66f0c0ffee00000000000001' },
    name: '🌊 103.181.91',
    available: true,
    serverType: 'VPS',
    tags: ['smartvps', 'ocean'],
    memoryOptions: { '4GB': { price: 499, note: '' }, '8GB': { price: '899.50' } },
    defaultConfigurations: { smartvps: { ip: '103.181.91', pid: 5, os: 'Ubuntu 22', 'a.b': { $odd: null } } },
    promoCodes: [],
  },
  {
    _id: '66f0c0ffee00000000000002',
    name: '🌊 103.184 (Diamond Pro AMD 3.1GHz)',
    available: false,
    memoryOptions: [{ ram: '16', price: 1200 }],
  },
];

const run = (input: unknown, dryRun = false) =>
  importIpstocks(
    { db, now },
    { documents: input, dryRun, by: 'cli', defaults: { matchPolicy: 'exact', reserve: 2 } },
  );

test('a dry run says what would come of each document, and writes nothing', async () => {
  const { lines, lost } = await run(documents, true);
  assert.equal(lost, 0);
  assert.deepEqual(
    lines.map(({ productId, packageName, sizes, isNew, isSold }) => ({
      productId,
      packageName,
      sizes,
      isNew,
      isSold,
    })),
    [
      {
        productId: 'vps-103-181-91',
        packageName: '103.181.91',
        sizes: [
          { ramGb: 4, pricePaise: 49_900 },
          { ramGb: 8, pricePaise: 89_950 },
        ],
        isNew: true,
        isSold: true,
      },
      {
        productId: 'vps-103-184',
        packageName: '103.184',
        sizes: [{ ramGb: 16, pricePaise: 120_000 }],
        isNew: true,
        isSold: false,
      },
    ],
  );
  assert.ok(
    lines[0]?.kept.includes('serverType') && lines[0].kept.includes('defaultConfigurations.smartvps.os'),
  );
  assert.deepEqual([await db.products.countDocuments(), await db.packages.countDocuments()], [0, 0]);
});

test('the import keeps decoration, id and every field; a second one changes nothing', async () => {
  assert.equal((await run(documents)).lost, 0);
  const before = await db.products.find().sort({ _id: 1 }).toArray();
  assert.deepEqual(
    before.map(({ name, reserve, disabled }) => [name, reserve, disabled?.note ?? null]),
    [
      ['🌊 103.181.91', 2, null],
      ['🌊 103.184 (Diamond Pro AMD 3.1GHz)', 2, 'Not available in the old shop'],
    ],
  );
  assert.deepEqual(JSON.parse(before[0]?.imported ?? ''), documents[0]);
  assert.equal((await db.packages.findOne({ _id: 'smartvps:103.181.91' }))?.packageId, '5');
  await db.products.updateOne({ _id: 'vps-103-184' }, { $set: { disabled: null } });
  const again = await run(documents);
  assert.deepEqual([again.lost, again.lines[0]?.isNew], [0, false]);
  assert.equal((await db.products.findOne({ _id: 'vps-103-184' }))?.disabled, null, "a person's word stays");
});

test('an import that broke off before a document was kept goes on there', async () => {
  await run(documents);
  await db.products.updateOne({ _id: 'vps-103-184' }, { $set: { disabled: null }, $unset: { imported: '' } });
  assert.equal((await run(documents)).lost, 0);
  const stored = await db.products.findOne({ _id: 'vps-103-184' });
  assert.equal(stored?.disabled?.note, 'Not available in the old shop');
});

test('what the old shop did not sell is never on sale, not even where the import breaks off', async () => {
  const { db: faulty, writes } = createFaultyCollections(db, { write: 5, when: 'before', kind: 'error' });
  const input = { documents, dryRun: false, by: 'cli' };
  const defaults = { matchPolicy: 'exact', reserve: 0 } as const;
  await assert.rejects(importIpstocks({ db: faulty, now }, { ...input, defaults }), /broke before write 5/);
  assert.equal(writes(), 5, 'two packages and two products are there');
  const sold = await db.products.find({ disabled: null }).toArray();
  assert.deepEqual(
    sold.map(({ _id }) => _id),
    ['vps-103-181-91'],
  );
});

test('a dry run says which product of the catalogue would be replaced, and what it costs now', async () => {
  const product = aProduct({ _id: 'vps-103-181-91', name: 'Silver', sizes: [{ ramGb: 8, pricePaise: 100 }] });
  await db.packages.insertOne(aPackage({ packageKey: '103.181.91', packageId: '5' }));
  await db.products.insertOne(product);
  const { lines } = await run(documents, true);
  assert.deepEqual(
    lines.map(({ isNew, before }) => [isNew, before]),
    [
      [false, { name: 'Silver', sizes: [{ ramGb: 8, pricePaise: 100 }] }],
      [true, null],
    ],
  );
  await run(documents);
  assert.equal((await run(documents, true)).lines[0]?.before, null, 'the same changes nothing');
});

const [first, second] = documents;
const third = { ...first, _id: '66f0c0ffee00000000000003', name: '103.181.91 (8 cores)' };
const idsOf = ({ lines }: Awaited<ReturnType<typeof run>>) =>
  Object.fromEntries(lines.map(({ name, productId }) => [name, productId]));

test('a document keeps its product, in whatever order and company it comes', async () => {
  const ids = {
    '🌊 103.181.91': 'vps-103-181-91',
    '103.181.91 (8 cores)': 'vps-103-181-91-000003',
    '🌊 103.184 (Diamond Pro AMD 3.1GHz)': 'vps-103-184',
  };
  assert.deepEqual(idsOf(await run([third, second, first], true)), ids);
  assert.deepEqual(idsOf(await run([first, second, third])), ids);
  assert.deepEqual(idsOf(await run([third, second, first])), ids);
  assert.deepEqual(idsOf(await run([third])), { '103.181.91 (8 cores)': 'vps-103-181-91-000003' });
  assert.equal(await db.products.countDocuments(), 3);
  assert.equal((await db.products.findOne({ _id: 'vps-103-181-91' }))?.name, '🌊 103.181.91');
});

test('an id that another document owns is not taken over', async () => {
  await run([first]);
  const { lines, lost } = await run([third]);
  assert.deepEqual([lines[0]?.productId, lines[0]?.isNew, lost], ['vps-103-181-91-000003', true, 0]);
  const twin = { ...third, _id: 'ffffffffffffffffff000003' };
  await assert.rejects(run([twin]), {
    message: /Document 0: the product ids vps-103-181-91 and vps-103-181-91-000003 belong to other documents/,
  });
  await assert.rejects(run([third, third]), {
    message: /Document 1: its _id "66f0[0-9a-f]+3" is there more/,
  });
  assert.equal(await db.products.countDocuments(), 2);
});

test('a product that says something else than its document is a lost field, by name, size, price and package', async () => {
  const [old] = readIpstocks([first]);
  assert.ok(old);
  const product = {
    name: '🌊 103.181.91',
    packageKey: '103.181.91',
    packageName: '103.181.91',
    packageId: '5',
    sizes: [
      { ramGb: 4, pricePaise: 49_900 },
      { ramGb: 8, pricePaise: 89_950 },
    ],
  };
  const lost = (changes: Partial<typeof product>, kept: unknown = first) =>
    compareIpstock(old, { kept, product: { ...product, ...changes } }).lost;
  assert.deepEqual(lost({}), []);
  assert.deepEqual(lost({ name: '103.181.91' }), ['name']);
  assert.deepEqual(lost({ packageId: '6' }), ['defaultConfigurations.smartvps.pid']);
  assert.deepEqual(lost({ packageKey: 'x', packageName: 'x' }), ['defaultConfigurations.smartvps.ip']);
  assert.deepEqual(lost({ sizes: product.sizes.slice(1) }), ['memoryOptions.4GB.price']);
  assert.deepEqual(lost({ sizes: [{ ramGb: 4, pricePaise: 1 }, ...product.sizes.slice(1)] }), [
    'memoryOptions.4GB.price',
  ]);
  assert.deepEqual(lost({}, { ...first, serverType: 'other' }), ['serverType']);
  assert.ok(compareIpstock(old, { kept: first, product: null }).lost.includes('name'));
});

test('a dry run refuses what the import would refuse', async () => {
  await run([first]);
  const smartvps = { ip: '103.181.91', pid: 6 };
  const conflict = { ...third, defaultConfigurations: { smartvps } };
  await assert.rejects(run([conflict], true), { message: /is known with packageId 5, not 6/ });
});

test('whatever else a document holds is kept whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), async (more) => {
      const odd = JSON.parse(JSON.stringify({ ...more, ...documents[0] }));
      const { lost } = await run([odd]);
      assert.equal(lost, 0);
      const stored = await db.products.findOne({ _id: 'vps-103-181-91' });
      assert.deepEqual(leavesOf(JSON.parse(stored?.imported ?? '')), leavesOf(odd));
    }),
    { numRuns: 15 },
  );
});

const oddities: [string, object, RegExp][] = [
  ['no _id', { _id: undefined }, /: _id is missing, or neither a text nor/],
  [
    'no name',
    { name: undefined },
    /Document 0 \("66f0c0ffee00000000000001"\): name is missing or not a text/,
  ],
  ['available as text', { available: 'false' }, /\("🌊 103\.181\.91"\): available is not true or false/],
  ['no memory', { memoryOptions: undefined }, /: memoryOptions is missing, or neither an object such as/],
  ['memory as a text', { memoryOptions: '8GB' }, /: memoryOptions is missing, or neither/],
  ['memory as texts', { memoryOptions: ['8GB'] }, /: memoryOptions\.0 is not an object .+: "8GB"/],
  ['memory of nothing', { memoryOptions: { '0GB': 5 } }, /: memoryOptions: "0GB" is no memory in GB/],
  ['a list without ram', { memoryOptions: [{ price: 5 }] }, /: memoryOptions\.0\.ram: "" is no memory/],
  ['memory twice', { memoryOptions: { '8GB': 5, '8 gb': 6 } }, /: memoryOptions names 8 GB twice/],
  [
    'a price in words',
    { memoryOptions: { '8GB': 'free' } },
    /: memoryOptions\.8GB is not a price .+: "free"/,
  ],
  [
    'no price',
    { memoryOptions: { '8GB': {} } },
    /: memoryOptions\.8GB\.price is not a price .+: it is missing/,
  ],
  ['a price of null', { memoryOptions: { '8GB': null } }, /: memoryOptions\.8GB is not a price .+: null/],
  [
    'a price below paise',
    { memoryOptions: { '8GB': 899.999 } },
    /: memoryOptions\.8GB is not a price .+899\.999/,
  ],
  ['a price of nothing', { memoryOptions: { '8GB': 0 } }, /: memoryOptions\.8GB is not a price/],
  ['a price for a planet', { memoryOptions: { '8GB': 1e18 } }, /: memoryOptions\.8GB is not a price/],
  [
    'a wrapped price',
    { memoryOptions: { '8GB': { price: { $numberInt: '5' } } } },
    /8GB\.price is not .+numberInt/,
  ],
  [
    'a wrapped pid',
    { defaultConfigurations: { smartvps: { ip: '103.181.91', pid: { $numberInt: '5' } } } },
    /: defaultConfigurations\.smartvps\.pid is not a text or a number: .+numberInt/,
  ],
  [
    'odd settings',
    { defaultConfigurations: { smartvps: 5 } },
    /: defaultConfigurations\.smartvps is not an object/,
  ],
];

for (const [what, changes, words] of oddities) {
  test(`a document with ${what} is refused by its field, with what to do`, () => {
    assert.throws(() => readIpstocks([{ ...documents[0], ...changes }]), {
      message: new RegExp(`${words.source}[\\s\\S]+Nothing was imported\\. Correct the file`),
    });
  });
}

test('every document that cannot be a product is named, and nothing is written', async () => {
  const wrong = [
    documents[0],
    { ...documents[1], name: 'Special' },
    { ...documents[1], memoryOptions: { big: 5 } },
    7,
  ];
  await assert.rejects(run(wrong), (error: Error) => {
    assert.match(error.message, /Document 1 \("Special"\): no package can be found in its name "Special"/);
    assert.match(error.message, /Document 2 \("🌊 103\.184.+\): memoryOptions: "big" is no memory in GB/);
    assert.match(error.message, /Document 3: /);
    return true;
  });
  await assert.rejects(run({}), /not a JSON array/);
  assert.equal(await db.products.countDocuments(), 0);
});
