import { posix } from 'node:path';
import { readImports, readsEnvironment } from './read-imports.ts';

/** What one part of the code may import of the other parts and of packages. */
export interface LayerRule {
  /** Folders (ending in "/") and files of this layer; the longest match of all rows decides. */
  places: readonly string[];
  /** Layers it may use, by the first of their places; itself is always allowed. */
  imports: readonly string[] | 'all';
  /** Layers of which it may use types alone. */
  importsTypes?: readonly string[];
  /** Packages it may use, by name or by beginning ("node:"). */
  packages: readonly string[] | 'all';
  /** Packages it may not use although `packages` says "all". */
  notPackages?: readonly string[];
  mayReadEnvironment?: boolean;
  because: string;
}

const stores = 'src/orders/';
const settings = 'src/logger.ts';
const database = 'src/database.ts';

export const layerTable: readonly LayerRule[] = [
  {
    places: ['src/domain/'],
    imports: [],
    packages: [],
    because: 'rules that import nothing run anywhere, workflows included, and are tested without anything',
  },
  {
    places: ['workflows/contract/'],
    imports: ['src/domain/'],
    packages: ['@temporalio/common', '@temporalio/workflow'],
    because: 'clients and activities know workflows by their contract, without loading them',
  },
  {
    places: ['workflows/'],
    imports: ['workflows/contract/', 'src/domain/'],
    importsTypes: ['activities/'],
    packages: ['@temporalio/common', '@temporalio/workflow'],
    because: 'a workflow must replay: no clock, disk, network or library that has them may reach its bundle',
  },
  {
    places: ['src/suppliers/'],
    imports: ['src/domain/'],
    packages: 'all',
    notPackages: ['@temporalio/', 'mongodb', 'express'],
    because:
      'a supplier client speaks HTTP and the words of the domain; the ledger decides what its answers mean',
  },
  {
    places: [
      stores,
      'src/purchases/',
      'src/payments/',
      'src/discounts/',
      'src/servers/',
      'src/notifications/',
      'src/audit/',
      'src/stock/',
      'src/admins/',
    ],
    imports: ['src/domain/', 'src/suppliers/', database],
    importsTypes: [settings],
    packages: 'all',
    notPackages: ['@temporalio/', 'express'],
    because: 'adapters work the same under Temporal, the API and the operator, so they know none of them',
  },
  {
    places: ['src/desk/'],
    imports: ['src/domain/', 'src/suppliers/', stores, database],
    packages: 'all',
    notPackages: ['@temporalio/', 'express'],
    because: 'what an operator reads and checks joins adapters, without knowing who asks or how it is shown',
  },
  {
    places: ['activities/'],
    imports: ['workflows/contract/', 'src/domain/', stores, 'src/suppliers/'],
    importsTypes: [database, settings],
    packages: ['@temporalio/activity', '@temporalio/common', 'node:'],
    because: 'activities join adapters to Temporal; clients and connections are handed in',
  },
  {
    places: ['src/temporal/'],
    imports: ['workflows/contract/', 'src/domain/'],
    importsTypes: [database, stores, settings],
    packages: 'all',
    notPackages: ['mongodb', 'express'],
    because: 'starting, signalling and asking workflows happens here alone, by their contract',
  },
  {
    places: ['src/http/'],
    imports: ['src/domain/'],
    importsTypes: [settings],
    packages: 'all',
    notPackages: ['@temporalio/', 'mongodb'],
    because: 'routes get their verbs handed in, so they can be tested without a server behind them',
  },
  {
    places: ['src/ops/'],
    imports: ['src/domain/'],
    importsTypes: [settings],
    packages: 'all',
    notPackages: ['@temporalio/', 'mongodb'],
    because: "the operator's commands get their verbs handed in, as the routes do",
  },
  {
    places: ['src/simulator/'],
    imports: [],
    packages: 'all',
    notPackages: ['@temporalio/', 'mongodb'],
    because: 'the simulator judges our clients, so it shares no line with them',
  },
  {
    places: [database],
    imports: [],
    importsTypes: [stores, 'src/domain/'],
    packages: ['mongodb'],
    because: 'it names the collections and their documents, and knows none of their rules',
  },
  {
    places: ['src/config.ts', 'src/config-fields.ts'],
    imports: ['src/domain/'],
    packages: 'all',
    notPackages: ['@temporalio/', 'mongodb', 'express'],
    mayReadEnvironment: true,
    because: 'the environment is read once, in one place, with all errors at once',
  },
  {
    places: [settings, 'src/policy-file.ts'],
    imports: ['src/domain/'],
    importsTypes: ['src/config.ts'],
    packages: 'all',
    notPackages: ['@temporalio/client', '@temporalio/worker', 'mongodb', 'express'],
    because: 'what every process needs at its edge must not drag a store or a client along',
  },
  {
    places: ['src/shutdown.ts'],
    imports: [],
    packages: ['node:'],
    mayReadEnvironment: true,
    because: 'every process must end with the npm that started it, which only the environment tells',
  },
  {
    places: [
      'src/composition.ts',
      'src/site-composition.ts',
      'src/ops-composition.ts',
      'src/doctor-composition.ts',
    ],
    imports: 'all',
    packages: 'all',
    because:
      'what makes adapters and hands them out sees everything; a command of the operator needs few of them',
  },
  {
    places: ['src/bin/', 'src/dev/'],
    imports: 'all',
    packages: 'all',
    mayReadEnvironment: true,
    because: 'entry points and the embedded stack start processes, and give them their environment',
  },
];

/** Source files by their path from the project folder, with forward slashes. */
export type Sources = ReadonlyMap<string, string>;

/** Every import and every look at the environment that the table does not allow, one sentence each. */
export function layerViolations(sources: Sources, table: readonly LayerRule[] = layerTable): string[] {
  return [...sources].flatMap(([file, source]) => {
    const rule = ruleOf(file, table);
    if (rule === undefined) return [`${file} belongs to no layer. Add it to the table in ${tablePath}.`];
    const wrong = readImports(source).flatMap(({ specifier, isType }) => {
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : null;
      const isAllowed =
        target === null ? allowsPackage(rule, specifier) : allowsFile({ rule, target, isType, table });
      if (isAllowed) return [];
      return [`${file} imports ${isType ? 'types of ' : ''}${target ?? specifier}, but ${rule.because}.`];
    });
    const peeks = readsEnvironment(source) && rule.mayReadEnvironment !== true;
    return peeks ? [...wrong, `${file} reads process.env, but only src/config.ts does.`] : wrong;
  });
}

const tablePath = 'test/architecture/layer-table.ts';

function ruleOf(file: string, table: readonly LayerRule[]): LayerRule | undefined {
  const lengthOfMatch = (rule: LayerRule) =>
    Math.max(...rule.places.map((place) => matchLength(file, place)));
  const fitting = table.filter((rule) => lengthOfMatch(rule) > 0);
  return fitting.sort((a, b) => lengthOfMatch(b) - lengthOfMatch(a))[0];
}

function matchLength(file: string, place: string): number {
  const fits = place.endsWith('/') ? file.startsWith(place) : file === place;
  return fits ? place.length : 0;
}

function allowsFile(question: {
  rule: LayerRule;
  target: string;
  isType: boolean;
  table: readonly LayerRule[];
}): boolean {
  const { rule, target, isType, table } = question;
  const other = ruleOf(target, table);
  if (rule.imports === 'all' || other === rule) return true;
  const [name] = other?.places ?? [];
  if (name === undefined) return false;
  return rule.imports.includes(name) || (isType && (rule.importsTypes ?? []).includes(name));
}

function allowsPackage(rule: LayerRule, specifier: string): boolean {
  const isOneOf = (names: readonly string[]) =>
    names.some((name) => specifier === name || specifier.startsWith(/[:/]$/.test(name) ? name : `${name}/`));
  if (rule.packages !== 'all') return isOneOf(rule.packages);
  return !isOneOf(rule.notPackages ?? []);
}
