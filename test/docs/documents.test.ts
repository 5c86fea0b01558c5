import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { failureCodes } from '../../src/domain/order.ts';
import { policyDurationKeys, policyDurationListKeys, policyNumberKeys } from '../../src/domain/policy.ts';
import { configVariables, packageScripts, projectRoot, readProjectFile } from './project-files.ts';

const documents = [
  ...globSync('*.md', { cwd: projectRoot }),
  ...globSync('docs/**/*.md', { cwd: projectRoot }),
  ...globSync('test/docs/*.md', { cwd: projectRoot }),
].sort();
const decisions = documents.filter((path) => path.startsWith('docs/adr/'));

function linesOf(path: string): string[] {
  return readProjectFile(path).trimEnd().split('\n');
}

/** Headings as the anchors that web pages of repositories give them. */
function anchorsOf(path: string): string[] {
  return headingsOf(path).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function headingsOf(path: string): string[] {
  const prose = readProjectFile(path).replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/^#{1,4} (.+)$/gm)].map(([, heading]) => heading ?? '');
}

function brokenLinks(path: string): string[] {
  const links = [...readProjectFile(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(projectRoot, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
}

test('README.md has at most 150 lines', () => {
  assert.ok(linesOf('README.md').length <= 150, `it has ${linesOf('README.md').length}`);
});

test('every decision record fits on one page of 60 lines and says context, decision and consequences', () => {
  assert.ok(decisions.length > 0);
  for (const path of decisions) {
    assert.ok(linesOf(path).length <= 60, `${path} has ${linesOf(path).length} lines`);
    const headings = headingsOf(path);
    for (const part of ['Context', 'Decision', 'Consequences']) {
      assert.ok(headings.includes(part), `${path} has no section ${part}`);
    }
  }
});

test('decision records are numbered without a gap and listed in the index', () => {
  const index = readProjectFile('docs/README.md');
  for (const [position, path] of decisions.entries()) {
    const name = path.slice('docs/adr/'.length);
    assert.ok(name.startsWith(`${String(position + 1).padStart(4, '0')}-`), name);
    assert.ok(index.includes(`(adr/${name})`), `${name} is not in docs/README.md`);
  }
});

test('every document of docs/ is in its index', () => {
  const index = readProjectFile('docs/README.md');
  const missing = globSync('docs/*.md', { cwd: projectRoot })
    .map((path) => path.slice('docs/'.length))
    .filter((name) => name !== 'README.md' && !index.includes(`(${name})`));
  assert.deepEqual(missing, []);
});

test('every relative link leads to a file and, where it names one, to a heading', () => {
  const broken = documents.flatMap((path) => brokenLinks(path).map((link) => `${path}: ${link}`));
  assert.deepEqual(broken, []);
});

test('every failure code has one section in the runbook, and no section is for another code', () => {
  const runbook = readProjectFile('docs/operations.md');
  const codes = [...runbook.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code ?? '');
  assert.deepEqual(codes.sort(), [...failureCodes].sort());
});

test('every npm script that is named exists, with its program', () => {
  const scripts = packageScripts();
  for (const path of [...documents, 'docker-compose.yml', 'Dockerfile', '.env.example']) {
    const text = readProjectFile(path);
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g), ...text.matchAll(/\bnpm (start|test)\b/g)];
    for (const [command, name = ''] of named) {
      assert.ok(scripts[name], `${path}: "${command}" is no script of package.json`);
      const program = /^node src\/bin\/run\.mjs ([\w-]+)(?: |$)/.exec(scripts[name] ?? '')?.[1];
      const isThere = existsSync(join(projectRoot, `src/bin/${program}.ts`));
      assert.ok(isThere, `${path}: "${command}" has no program src/bin/${program}.ts`);
    }
  }
});

test('every file and folder of ours that the documents name exists', () => {
  const ours = /`((?:src|workflows|activities|test|docs|tools|\.ci)\/[\w./-]*)`/g;
  const missing = documents.flatMap((path) =>
    [...readProjectFile(path).matchAll(ours)]
      .map(([, name]) => name ?? '')
      .filter((name) => !existsSync(join(projectRoot, name)))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(missing, []);
});

test('every variable and every policy key of the service is explained in the runbook', () => {
  const runbook = readProjectFile('docs/operations.md');
  const keys = [...policyDurationKeys, ...policyDurationListKeys, ...policyNumberKeys];
  const named = [...configVariables(), ...keys, 'decisionDefault', 'matchPolicy', 'claimStranded'];
  assert.deepEqual(
    named.filter((name) => !runbook.includes(`\`${name}\``)),
    [],
  );
});

test('the README names the ways to run and to test', () => {
  const readme = readProjectFile('README.md');
  for (const command of [
    'npm ci && npm start',
    'npm ci && npm test',
    'docker compose --profile demo up --build',
  ]) {
    assert.ok(readme.includes(command), command);
  }
});
