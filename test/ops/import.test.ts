import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { runCommand } from '../../src/dev/child-process.ts';
import { demoCatalogue } from '../../src/dev/demo-catalogue.ts';
import { type OpsPorts, runOps } from '../../src/ops/cli.ts';
import { freshDatabase } from '../support/stack.ts';
import { noVerbs } from './no-verbs.ts';

const entry = join(import.meta.dirname, '..', '..', 'src', 'bin', 'run.mjs');
const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-ops-'));
after(() => rm(dir, { recursive: true }));
const filled = await freshDatabase();
const untouched = await freshDatabase();

async function fileOf(name: string, content: unknown): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Runs a command in this process, with a verb that remembers what it was given. */
async function run(args: string[], importCatalogue?: OpsPorts['importCatalogue']) {
  const seen: unknown[] = [];
  const out: string[] = [];
  const err: string[] = [];
  const code = await runOps(
    {
      ...noVerbs,
      importCatalogue: async (input) => {
        seen.push(input.catalogue);
        return (await importCatalogue?.(input)) ?? { created: 2, updated: 1, unchanged: 0 };
      },
      print: (text) => out.push(text),
      printError: (text) => err.push(text),
    },
    args,
  );
  return { code, seen, out: out.join('\n'), err: err.join('\n') };
}

/** Runs `npm run ops -- products import`'s program in an environment of its own. */
function runProgram(env: Record<string, string>, ...args: string[]) {
  const { PATH = '' } = process.env;
  return runCommand({
    command: process.execPath,
    args: [entry, 'ops', 'products', 'import', ...args],
    env: { PATH, ...env },
  });
}

test('an import says what was created, updated and left as it was', async () => {
  const file = await fileOf('two.json', [{ productId: 'a' }]);
  const { code, out, seen } = await run(['products', 'import', file]);
  assert.equal(out, `Imported ${file}: 2 created, 1 updated, 0 unchanged.`);
  assert.equal(code, 0);
  assert.deepEqual(seen, [[{ productId: 'a' }]]);
});

test('with --json the result is one line of JSON', async () => {
  const { code, out } = await run(['products', 'import', await fileOf('json.json', []), '--json']);
  assert.deepEqual({ code, out }, { code: 0, out: '{"created":2,"updated":1,"unchanged":0}' });
});

test('a file that is missing or not JSON is told in one sentence, and nothing is imported', async () => {
  const missing = join(dir, 'nowhere.json');
  const first = await run(['products', 'import', missing]);
  assert.equal(
    first.err,
    `Failed to import ${missing}: there is no such file. Check the path, seen from ${process.cwd()}.`,
  );
  const broken = await run(['products', 'import', await fileOf('broken.json', '[{')]);
  assert.match(broken.err, /^Failed to import .+broken\.json: it is not JSON \(.+\)\. Correct the file\.$/);
  assert.deepEqual([first.code, first.seen, broken.code, broken.seen], [1, [], 1, []]);
});

test('what the verb refuses is printed as it is, without a stack', async () => {
  const { code, err } = await run(['products', 'import', await fileOf('refused.json', [])], async () => {
    throw new Error('Failed to import the catalogue:\n- Product 0: name is missing or not a text.');
  });
  assert.equal(err, 'Failed to import the catalogue:\n- Product 0: name is missing or not a text.');
  assert.equal(code, 1);
});

test('wrong usage has an exit code of its own and points at --help', async () => {
  for (const args of [['products', 'import'], ['produce'], ['products', 'import', 'a', '--yaml']]) {
    const { code, err, seen } = await run(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, /error: .+\nRun it with --help/s);
    assert.deepEqual(seen, []);
  }
});

test('the help of the import describes the file, the environment and the exit codes', async () => {
  const { code, out } = await run(['products', 'import', '--help']);
  assert.equal(code, 0);
  for (const word of ['pricePaise', 'matchPolicy', 'MONGODB_URI', 'Exit codes: 0 done']) {
    assert.ok(out.includes(word), word);
  }
});

test('a catalogue arrives in the database, and a second import changes nothing', async () => {
  const { uri, db } = filled;
  const file = await fileOf('demo.json', demoCatalogue);
  const first = await runProgram({ MONGODB_URI: uri }, file, '--json');
  assert.deepEqual([first.code, first.stdout], [0, '{"created":2,"updated":0,"unchanged":0}'], first.stderr);
  const second = await runProgram({ MONGODB_URI: uri }, file);
  assert.equal(second.stdout, `Imported ${file}: 0 created, 0 updated, 2 unchanged.`);
  const stored = await collectionsOf(db).products.find().toArray();
  assert.deepEqual(stored.map(({ _id }) => _id).sort(), ['vps-103-181-91', 'vps-103-182-44']);
});

test('every wrong field is named at once by its index, and nothing is written', async () => {
  const { uri, db } = untouched;
  const [good] = demoCatalogue;
  const bad = { ...good, productId: 'a b', packageName: '103.181.91.x' };
  const file = await fileOf('bad.json', [good, bad, { ...good, productId: 'c', sizes: [] }]);
  const { code, stderr } = await runProgram({ MONGODB_URI: uri }, file);
  assert.equal(code, 1);
  assert.match(stderr, /^Failed to import the catalogue:$/m);
  assert.match(stderr, /^- Product 1: productId is not 1 to 64 letters/m);
  assert.match(stderr, /^- Product 2: sizes is empty\.$/m);
  assert.equal(await collectionsOf(db).products.countDocuments(), 0);
});

test('without MONGODB_URI the variable is named', async () => {
  const { code, stderr } = await runProgram({}, await fileOf('a.json', demoCatalogue));
  assert.equal(code, 1);
  assert.match(stderr, /^- MONGODB_URI is missing\. Set it to a MongoDB address/m);
});

test('a database that does not answer is told by its host, without the login', async () => {
  const file = await fileOf('b.json', demoCatalogue);
  const { code, stderr } = await runProgram(
    { MONGODB_URI: 'mongodb://someone:hidden@127.0.0.1:1/shop' },
    file,
  );
  assert.equal(
    stderr,
    'Failed to import the catalogue: no database answers at 127.0.0.1:1. Start it, or correct MONGODB_URI.',
  );
  assert.equal(code, 1);
});

test('a file with one document per line is refused with the way to make it one array', async () => {
  const lines = await fileOf('lines.json', '{"productId":"a"}\n{"productId":"b"}\n');
  const { code, err } = await run(['products', 'import', lines]);
  assert.equal(code, 1);
  assert.match(String(err), /It holds one document per line: make it one array \(mongoexport --jsonArray/);
  const broken = await run(['products', 'import', await fileOf('broken.json', '{"productId":')]);
  assert.match(String(broken.err), /is not JSON .+ Correct the file\./);
});
