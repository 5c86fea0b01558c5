import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { collectionsOf } from '../../src/database.ts';
import { compareIpstock, leavesOf } from '../../src/stock/compare-ipstock.ts';
import { importIpstocks } from '../../src/stock/import-ipstocks.ts';
import { readIpstocks } from '../../src/stock/read-ipstocks.ts';
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

test('every document that cannot be a product is named, and nothing is written', async () => {
  const wrong = [
    documents[0],
    { ...documents[1], name: 'Special' },
    { ...documents[1], memoryOptions: { big: 5 } },
    7,
  ];
  await assert.rejects(run(wrong), (error: Error) => {
    assert.match(error.message, /Document 1: no package can be found in its name "Special"/);
    assert.match(error.message, /Document 2: memoryOptions: "big" is no memory in GB/);
    assert.match(error.message, /Document 3: /);
    return true;
  });
  await assert.rejects(run({}), /not a JSON array/);
  assert.equal(await db.products.countDocuments(), 0);
});
