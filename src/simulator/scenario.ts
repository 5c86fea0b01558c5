import { type FaultAction, type FaultDefinition, isFaultCall, kindsOf } from './faults.ts';
import { type LatencyProfile, latencyProfiles, type ProfileName } from './latency.ts';
import type { Quirks, RazorpayConfig } from './state.ts';

export interface PackageDefinition {
  id: number;
  name: string;
  status?: string;
  /** Addresses or ranges of the last octet: `103.181.91.10-18`. Sold in this order. */
  addresses: string[];
  ipv4Stale?: number | null;
  fallback?: string;
  neighbour?: string;
  neighbourEvery?: number;
}

/** A server that was on the supplier account before the simulator's first sale. */
export interface AccountServer {
  address: string;
  package?: string;
  ramGb?: string;
  os?: string;
  expiryDate?: string;
}

export interface ConfigPatch {
  profile?: ProfileName;
  latency?: Partial<LatencyProfile>;
  quirks?: Partial<Quirks>;
  fallbackPackage?: string | null;
  defaultOs?: string;
  smartvps?: { prefix?: string; username?: string | null; password?: string | null };
  cashfree?: { clientId?: string | null; clientSecret?: string | null };
  razorpay?: Partial<RazorpayConfig>;
}

export interface Scenario extends ConfigPatch {
  seed?: number;
  packages?: PackageDefinition[];
  servers?: AccountServer[];
  faults?: FaultDefinition[];
}

/** The shapes of package names seen at the supplier, with the nine addresses of the ten-orders incident first. */
export const defaultPackages: PackageDefinition[] = [
  { id: 5, name: '103.181.91', addresses: ['103.181.91.10-18'], fallback: '103.182.44' },
  { id: 6, name: '103.182.44', addresses: ['103.182.44.18-60'] },
  { id: 7, name: '103.181', addresses: ['103.181.12.20-60', '103.181.40.20-60'] },
  { id: 8, name: '103.83.x', addresses: ['103.83.7.20-60', '103.83.201.20-60'] },
  { id: 9, name: '103.109.18x', addresses: ['103.109.184.20-60', '103.109.18.20-60'] },
  { id: 10, name: '103.195.160.2', addresses: ['103.195.160.2'] },
];

const configKeys = [
  'profile',
  'latency',
  'quirks',
  'fallbackPackage',
  'defaultOs',
  'smartvps',
  'cashfree',
  'razorpay',
];
const scenarioKeys = [...configKeys, 'seed', 'packages', 'servers', 'faults'];
const packageKeys = [
  'id',
  'name',
  'status',
  'addresses',
  'ipv4Stale',
  'fallback',
  'neighbour',
  'neighbourEvery',
];
const conditionKeys = ['nth', 'every', 'package', 'address', 'times'];

/** Checks a scenario from outside; throws one sentence that names what is wrong. */
export function parseScenario(value: unknown): Scenario {
  const scenario = parseRecord(value, 'The scenario', scenarioKeys);
  checkConfig(scenario);
  if (scenario.seed !== undefined && !Number.isInteger(scenario.seed))
    throw new Error('"seed" must be an integer');
  if (scenario.packages !== undefined) parsePackages(scenario.packages);
  if (scenario.faults !== undefined) parseFaults(scenario.faults);
  if (scenario.servers !== undefined) parseList(scenario.servers, 'servers').forEach(checkServer);
  return scenario as Scenario;
}

export function parseConfigPatch(value: unknown): ConfigPatch {
  const patch = parseRecord(value, 'The configuration', configKeys);
  checkConfig(patch);
  return patch as ConfigPatch;
}

export function parsePackages(value: unknown): PackageDefinition[] {
  return parseList(value, 'packages').map((entry) => {
    const definition = parseRecord(entry, 'A package', packageKeys);
    if (!Number.isInteger(definition.id)) throw new Error('A package needs an integer "id"');
    if (typeof definition.name !== 'string') throw new Error(`Package ${definition.id} needs a "name"`);
    if (!isTextList(definition.addresses))
      throw new Error(`Package ${definition.name} needs "addresses", a list of texts`);
    return definition as unknown as PackageDefinition;
  });
}

export function parsePackagePatch(value: unknown): Partial<PackageDefinition> {
  const patch = parseRecord(value, 'A package', packageKeys);
  if (patch.addresses !== undefined && !isTextList(patch.addresses))
    throw new Error('"addresses" must be a list of texts');
  return patch as Partial<PackageDefinition>;
}

/** One rule or a list of rules. */
export function parseFaults(value: unknown): FaultDefinition[] {
  const entries = Array.isArray(value) ? value : [value];
  return entries.map((entry) => {
    const rule = parseRecord(entry, 'A fault', ['id', 'call', 'when', 'do']);
    if (!isFaultCall(rule.call)) throw new Error(`A fault names no known call: ${JSON.stringify(rule.call)}`);
    parseRecord(rule.when ?? {}, 'The "when" of a fault', conditionKeys);
    const action = rule.do as Partial<FaultAction> | undefined;
    const kinds = kindsOf(rule.call);
    const kind = action?.kind;
    if (kind === undefined || !kinds.includes(kind)) {
      throw new Error(`A fault on ${rule.call} does one of ${kinds.join(', ')}, not ${JSON.stringify(kind)}`);
    }
    return rule as unknown as FaultDefinition;
  });
}

export function parseRecord(value: unknown, what: string, keys?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} must be an object`);
  const unknownKey = Object.keys(value).find((key) => keys !== undefined && !keys.includes(key));
  if (unknownKey !== undefined)
    throw new Error(`${what} has the unknown key "${unknownKey}"; it takes ${keys?.join(', ')}`);
  return value as Record<string, unknown>;
}

function checkConfig(config: Record<string, unknown>): void {
  const { profile, latency, quirks } = config;
  if (profile !== undefined && !(typeof profile === 'string' && Object.hasOwn(latencyProfiles, profile))) {
    throw new Error(`"profile" is one of ${Object.keys(latencyProfiles).join(', ')}`);
  }
  parseRecord(latency ?? {}, '"latency"', Object.keys(latencyProfiles.fast));
  parseRecord(quirks ?? {}, '"quirks"', [
    'ipstockEncodedTwice',
    'statusEncodedTwice',
    'textQuoted',
    'numericStrings',
    'usernane',
  ]);
  parseRecord(config.smartvps ?? {}, '"smartvps"', ['prefix', 'username', 'password']);
  parseRecord(config.cashfree ?? {}, '"cashfree"', ['clientId', 'clientSecret']);
  parseRecord(config.razorpay ?? {}, '"razorpay"', ['keyId', 'keySecret', 'webhookSecret', 'webhookUrl']);
}

function checkServer(value: unknown): void {
  const server = parseRecord(value, 'A server', ['address', 'package', 'ramGb', 'os', 'expiryDate']);
  if (typeof server.address !== 'string') throw new Error('A server needs an "address"');
}

function parseList(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`"${what}" must be a list`);
  return value;
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
