import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { CatalogueError, importProducts, parseCatalogue } from '../../src/orders/import-products.ts';
import { freshDatabase } from '../support/stack.ts';

const silver = {
  productId: 'silver-91',
  name: '🌊 103.181.91',
  supplier: 'smartvps',
  packageName: '103.181.91',
  packageId: 5,
  sizes: [{ ramGb: 8, pricePaise: 49_900 }],
};

const defaults = { matchPolicy: 'exact', reserve: 2 } as const;

const db = collectionsOf((await freshDatabase()).db);

beforeEach(async () => {
  await Promise.all([db.products.deleteMany({}), db.packages.deleteMany({})]);
});

const importAll = (...entries: object[]) =>
  importProducts({ db, entries: parseCatalogue(entries), defaults });

function problemsOf(json: unknown): readonly string[] {
  try {
    parseCatalogue(json);
  } catch (error) {
    assert.ok(error instanceof CatalogueError);
    assert.equal(error.code, 'badCatalogue');
    return error.problems;
  }
  return assert.fail('the catalogue was accepted');
}

const bad: [name: string, change: object, problem: RegExp][] = [
  ['no productId', { productId: undefined }, /^Product 0: productId is missing or not a text\.$/],
  ['a productId with a space', { productId: 'a b' }, /^Product 0: productId is not 1 to 64 letters/],
  [
    'an operator object as productId',
    { productId: { $gt: '' } },
    /^Product 0: productId is missing or not a text\.$/,
  ],
  ['an empty name', { name: ' ' }, /^Product 0: name is not a line/],
  ['another supplier', { supplier: 'acme' }, /^Product 0: supplier is not "smartvps" or "hostycare"\.$/],
  [
    'a package name that names no addresses',
    { packageName: 'silver' },
    /^Product 0: packageName is not a SmartVPS package/,
  ],
  [
    'another match policy',
    { matchPolicy: 'near' },
    /^Product 0: matchPolicy is not "exact" or "sameNetwork16"\.$/,
  ],
  ['a negative reserve', { reserve: -1 }, /^Product 0: reserve is below 0\.$/],
  ['no sizes', { sizes: [] }, /^Product 0: sizes is empty\.$/],
  [
    'a price in fractions',
    { sizes: [{ ramGb: 8, pricePaise: 499.5 }] },
    /^Product 0: sizes\.0\.pricePaise is .*not a whole number of paise\.$/,
  ],
  [
    'a price below one rupee',
    { sizes: [{ ramGb: 8, pricePaise: 99 }] },
    /^Product 0: sizes\.0\.pricePaise is below 100\.$/,
  ],
  [
    'a price as text',
    { sizes: [{ ramGb: 8, pricePaise: '49900' }] },
    /^Product 0: sizes\.0\.pricePaise is missing or not/,
  ],
  [
    'the same size twice',
    { sizes: [silver.sizes[0], silver.sizes[0]] },
    /^Product 0: sizes names 8 GB twice\.$/,
  ],
  ['a misspelt member', { reserv: 5 }, /^Product 0: has members that are not known: reserv\.$/],
];

for (const [name, change, problem] of bad) {
  test(`a product with ${name} is refused by index and field`, () => {
    const problems = problemsOf([{ ...silver, ...change }]);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', problem);
  });
}

test('every problem of a catalogue is named at once, duplicates too', () => {
  const problems = problemsOf([
    { ...silver, name: undefined },
    { ...silver, reserve: 'x' },
    7,
    { ...silver, productId: 'other', supplier: 1, sizes: 'x' },
  ]);
  assert.deepEqual(problems, [
    'Product 0: name is missing or not a text.',
    'Product 1: reserve is missing or not a whole number.',
    'Product 2: is not an object.',
    'Product 3: supplier is not "smartvps" or "hostycare".',
    'Product 3: sizes is missing or not a list.',
    'Products 0, 1: productId "silver-91" is there more than once.',
  ]);
  assert.deepEqual(problemsOf({ productId: 'x' }), ['The catalogue is not a JSON array of products.']);
});

test('a first import makes products and packages, with the policy where the file is silent', async () => {
  const counts = await importAll(silver, {
    ...silver,
    productId: 'wide',
    matchPolicy: 'sameNetwork16',
    reserve: 0,
  });
  assert.deepEqual(counts, { created: 2, updated: 0, unchanged: 0 });
  assert.deepEqual(await db.products.findOne({ _id: 'silver-91' }), {
    _id: 'silver-91',
    name: '🌊 103.181.91',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    matchPolicy: 'exact',
    reserve: 2,
    sizes: [{ ramGb: 8, pricePaise: 49_900 }],
    disabled: null,
  });
  const wide = await db.products.findOne({ _id: 'wide' });
  assert.deepEqual([wide?.matchPolicy, wide?.reserve], ['sameNetwork16', 0]);
  assert.deepEqual(await db.packages.find().toArray(), [
    {
      _id: 'smartvps:103.181.91',
      supplier: 'smartvps',
      packageKey: '103.181.91',
      name: '103.181.91',
      packageId: '5',
      counts: null,
      dry: null,
    },
  ]);
});

test('a repeat changes nothing, a new price updates, and a disabled product stays disabled', async () => {
  await importAll(silver);
  const disabled = { note: 'Auto-disabled', at: '2026-11-23T08:00:00.000Z', by: 'monitor' };
  await db.products.updateOne({ _id: 'silver-91' }, { $set: { disabled } });
  assert.deepEqual(await importAll(silver), { created: 0, updated: 0, unchanged: 1 });
  const dearer = { ...silver, sizes: [{ ramGb: 8, pricePaise: 59_900 }] };
  assert.deepEqual(await importAll(dearer), { created: 0, updated: 1, unchanged: 0 });
  const product = await db.products.findOne({ _id: 'silver-91' });
  assert.equal(product?.sizes[0]?.pricePaise, 59_900);
  assert.deepEqual(product?.disabled, disabled);
});

test('a package that was renamed keeps its key when its packageId is the same, and its counts', async () => {
  await importAll(silver);
  const counts = { available: 9, readAt: '2026-11-23T08:00:00.000Z' };
  await db.packages.updateOne({ _id: 'smartvps:103.181.91' }, { $set: { counts } });
  const renamed = { ...silver, packageId: '5', packageName: '103.190.7' };
  await importAll(renamed, { ...renamed, productId: 'other' });
  const packages = await db.packages.find().toArray();
  assert.equal(packages.length, 1);
  assert.deepEqual(
    [packages[0]?._id, packages[0]?.packageKey, packages[0]?.name, packages[0]?.counts],
    ['smartvps:103.181.91', '103.181.91', '103.190.7', counts],
  );
  for (const productId of ['silver-91', 'other']) {
    assert.equal((await db.products.findOne({ _id: productId }))?.packageKey, '103.181.91');
  }
});

test('a package is known by its new name too, and an import without packageId renames nothing', async () => {
  await importAll(silver);
  await db.packages.updateOne({ _id: 'smartvps:103.181.91' }, { $set: { name: '103.190.7' } });
  const { packageId: _, ...unnumbered } = silver;
  await importAll({ ...unnumbered, productId: 'by-new-name', packageName: '103.190.7' }, unnumbered);
  assert.equal((await db.products.findOne({ _id: 'by-new-name' }))?.packageKey, '103.181.91');
  const packages = await db.packages.find().toArray();
  assert.deepEqual(
    packages.map(({ name, packageId }) => [name, packageId]),
    [['103.190.7', '5']],
  );
});

test('a name that belongs to another packageId is refused before anything is written', async () => {
  await importAll(silver);
  const other = { ...silver, productId: 'gold', packageId: 6 };
  await assert.rejects(
    importAll({ ...silver, productId: 'new', packageName: '103.182.44', packageId: 9 }, other),
    {
      code: 'badCatalogue',
      message: /Product 1: package "103\.181\.91" is known with packageId 5, not 6\./,
    },
  );
  assert.equal(await db.products.countDocuments(), 1);
});

test('one packageId under two packages is refused before anything is written: no product is sold out of the pool of another', async () => {
  const other = { ...silver, packageId: 5, productId: 'gold', packageName: '103.182.44' };
  await assert.rejects(importAll({ ...silver, packageId: 5 }, other), {
    code: 'badCatalogue',
    message: /Product 1: packageId 5 is package "103\.181\.91" in product 0, and "103\.182\.44" here\./,
  });
  assert.equal(await db.packages.countDocuments(), 0);
  assert.equal(await db.products.countDocuments(), 0);
});

test('a package under its name at import and its name of today is one package', async () => {
  await importAll(silver);
  await importAll({ ...silver, packageName: '103.190.7' });
  await importAll(silver, { ...silver, productId: 'gold', packageName: '103.190.7' });
  assert.equal(await db.packages.countDocuments(), 1);
});

test('two imports at once leave one product and one package', async () => {
  const results = await Promise.all([importAll(silver), importAll(silver)]);
  assert.equal(results[0].created + results[1].created, 1);
  assert.equal(await db.packages.countDocuments(), 1);
});
