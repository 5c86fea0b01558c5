import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layerTable, layerViolations } from './layer-table.ts';
import { readImports } from './read-imports.ts';

const root = join(import.meta.dirname, '..', '..');

function sourcesOnDisk(): Map<string, string> {
  const files = globSync('{src,workflows,activities}/**/*.ts', { cwd: root });
  return new Map(files.map((file) => [file.replaceAll('\\', '/'), readFileSync(join(root, file), 'utf8')]));
}

function violations(files: Record<string, string>): string[] {
  return layerViolations(new Map(Object.entries(files)));
}

test('every import follows the direction of the layers', () => {
  const sources = sourcesOnDisk();
  assert.ok(sources.size > 0);
  assert.deepEqual(layerViolations(sources), []);
});

test('every row says why, and names only layers that the table has', () => {
  const layers = layerTable.map(({ places }) => places[0]);
  for (const { because, imports, importsTypes = [] } of layerTable) {
    assert.match(because, /\w+ \w+ \w+/);
    for (const name of [...(imports === 'all' ? [] : imports), ...importsTypes]) {
      assert.ok(layers.includes(name), `${name} is no layer`);
    }
  }
});

test('a domain file that imports a package or an adapter is a violation', () => {
  assert.deepEqual(
    violations({
      'src/domain/money.ts': "import { z } from 'zod';\nimport { x } from '../orders/order-id.ts';\n",
    }),
    [
      'src/domain/money.ts imports zod, but rules that import nothing run anywhere, workflows included, and are tested without anything.',
      'src/domain/money.ts imports src/orders/order-id.ts, but rules that import nothing run anywhere, workflows included, and are tested without anything.',
    ],
  );
});

test('a workflow may know the types of activities, never the activities', () => {
  assert.deepEqual(
    violations({ 'workflows/a.ts': "import type { Activities } from '../activities/index.ts';" }),
    [],
  );
  assert.equal(violations({ 'workflows/a.ts': "import { buy } from '../activities/index.ts';" }).length, 1);
  assert.equal(
    violations({ 'workflows/a.ts': "import { type Buy } from '../activities/index.ts';" }).length,
    1,
  );
  assert.equal(violations({ 'workflows/a.ts': "import { readFile } from 'node:fs/promises';" }).length, 1);
});

test('an import over several lines, a re-export, a bare import and a dynamic import all count', () => {
  const forms = [
    "import {\n  a,\n  b,\n} from '../http/app.ts';",
    "export { a } from '../http/app.ts';",
    "export * from '../http/app.ts';",
    "import '../http/app.ts';",
    "const app = await import('../http/app.ts');",
  ];
  for (const form of forms) assert.equal(violations({ 'src/orders/a.ts': form }).length, 1, form);
});

test('a URL in a string and an import in a comment are no imports', () => {
  assert.deepEqual(
    readImports("const a = 'https://x/from/y';\n// import 'zod';\n/** import { a } from 'zod' */\n"),
    [],
  );
});

test('the simulator imports nothing of ours, and no production file imports the simulator', () => {
  assert.equal(
    violations({ 'src/simulator/a.ts': "import type { A } from '../domain/order.ts';" }).length,
    1,
  );
  assert.equal(
    violations({ 'src/orders/a.ts': "import type { A } from '../simulator/state.ts';" }).length,
    1,
  );
});

test('only the configuration and the entry points read the environment', () => {
  const peek = 'export const port = process.env.PORT;';
  assert.deepEqual(violations({ 'src/http/app.ts': peek }), [
    'src/http/app.ts reads process.env, but only src/config.ts does.',
  ]);
  assert.deepEqual(violations({ 'src/config.ts': peek, 'src/bin/api.ts': peek }), []);
});

test('a file outside all layers is a violation', () => {
  assert.deepEqual(violations({ 'src/helpers/a.ts': '' }), [
    'src/helpers/a.ts belongs to no layer. Add it to the table in test/architecture/layer-table.ts.',
  ]);
});
