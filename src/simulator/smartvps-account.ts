import { neighbourAddress } from './addresses.ts';
import type { FaultPlan } from './faults.ts';
import type { PackageState, ServerState } from './state.ts';
import type { World } from './world.ts';

const operatingSystems = ['2012', '2016', '2019', '2022', '11', 'centos', 'ubuntu'];
const PASSWORD_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!@#$%&*<>';
// Enough to see what was done to a server; credentials are polled often.
const CALLS_KEPT = 500;

export type SaleResult =
  | { kind: 'sold'; address: string; packageOfAddress: string | null }
  | { kind: 'refused'; reason: string };

/** What `ipstock` lists: names and counts, never addresses. */
export function listStock({ world, plan }: { world: World; plan: FaultPlan }) {
  const { packages, config } = world.state;
  const rename = plan.take('renamePackage');
  if (rename) renamePackage({ packages, from: rename.from ?? packages[0]?.name ?? '', to: rename.to });
  const allNumeric = plan.take('numericString') !== undefined;
  return {
    packages: packages.map((pool) => {
      const count = pool.ipv4Stale ?? pool.addresses.length;
      const asText = allNumeric || world.random() < config.quirks.numericStrings;
      return { id: pool.id, name: pool.name, ipv4: asText ? String(count) : count, status: pool.status };
    }),
  };
}

/**
 * Sells one address: the package's next one, or silently another package's where it is exhausted. Faults choose
 * another address or refuse.
 */
export function sell(input: {
  world: World;
  plan: FaultPlan;
  request: { ip: string; ram: string };
  callId: string;
}): SaleResult {
  const { world, plan, request, callId } = input;
  const { packages } = world.state;
  const rename = plan.take('renamePackage');
  if (rename) renamePackage({ packages, from: rename.from ?? request.ip, to: rename.to });
  const refusal = plan.take('errorText', (action) => action.sold !== true);
  if (refusal) return { kind: 'refused', reason: refusal.reason };
  const pool = packages.find((candidate) => candidate.name === request.ip);
  if (pool === undefined) return { kind: 'refused', reason: 'Package not found' };
  if (plan.take('exhaustMidOrder')) pool.addresses = [];
  const found = pool.status === 'active' ? chooseAddress({ world, plan, pool }) : undefined;
  if (found === undefined) return { kind: 'refused', reason: 'No IP available' };
  pool.sales += 1;
  const lateMs = plan.take('credentialsLate')?.ms ?? world.drawMs('credentialsMs');
  createServer({ world, callId, ramGb: request.ram, lateMs, ...found });
  return { kind: 'sold', address: found.address, packageOfAddress: found.packageName };
}

interface FoundAddress {
  address: string;
  packageName: string | null;
}

function chooseAddress(input: {
  world: World;
  plan: FaultPlan;
  pool: PackageState;
}): FoundAddress | undefined {
  const { world, plan, pool } = input;
  const { packages } = world.state;
  const given = plan.take('sellAddress');
  if (given)
    return { address: given.address, packageName: findPackage(packages, given.address)?.name ?? null };
  const neighbour = plan.take('neighbourPackage');
  const neighboursTurn = pool.neighbourEvery !== null && (pool.sales + 1) % pool.neighbourEvery === 0;
  if (neighbour || neighboursTurn) {
    return sellFromNeighbour({ world, pool, name: neighbour?.package ?? pool.neighbour });
  }
  return takeNext(pool) ?? sellFromFallback({ world, pool });
}

function sellFromNeighbour(input: { world: World; pool: PackageState; name: string | null }) {
  const { world, pool, name } = input;
  const named = world.state.packages.find((candidate) => candidate.name === name);
  if (named) return takeNext(named);
  const origin = pool.everListed[0];
  if (origin === undefined) return undefined;
  const taken = (address: string) => world.state.servers[address] !== undefined;
  const address = neighbourAddress({ address: origin, taken });
  return address === undefined ? undefined : { address, packageName: null };
}

function sellFromFallback({ world, pool }: { world: World; pool: PackageState }): FoundAddress | undefined {
  const { packages, config } = world.state;
  const preferred = [pool.fallback, config.fallbackPackage]
    .map((name) => packages.find((candidate) => candidate.name === name))
    .filter((candidate) => candidate !== undefined);
  const others = packages.filter((candidate) => candidate !== pool && candidate.status === 'active');
  const source = [...preferred, ...others].find((candidate) => candidate.addresses.length > 0);
  return source && takeNext(source);
}

function takeNext(pool: PackageState): FoundAddress | undefined {
  const address = pool.addresses.shift();
  return address === undefined ? undefined : { address, packageName: pool.name };
}

/** The package an address is or was listed in. */
export function findPackage(packages: readonly PackageState[], address: string): PackageState | undefined {
  return packages.find((pool) => pool.everListed.includes(address));
}

export function renamePackage(input: { packages: PackageState[]; from: string; to: string }): void {
  const pool = input.packages.find((candidate) => candidate.name === input.from);
  if (pool) pool.name = input.to;
}

function createServer(input: {
  world: World;
  address: string;
  packageName: string | null;
  callId: string;
  ramGb: string;
  lateMs: number;
}): void {
  const { world, address, packageName, callId, ramGb, lateMs } = input;
  const { servers, config } = world.state;
  const earlier = servers[address];
  const server: ServerState = {
    address,
    package: packageName,
    callId,
    ramGb,
    os: config.defaultOs,
    username: userOf(config.defaultOs),
    password: makePassword(world),
    readyAt: inMs(lateMs),
    nextOs: null,
    power: 'on',
    expiryDate: oneMonthAfter(new Date()),
    events: earlier?.events ?? [],
    calls: earlier?.calls ?? [],
  };
  servers[address] = server;
  addEvent({ server, what: 'sold', detail: callId });
}

/** What `status` answers for one of the account's servers; login and system are empty while they are being made. */
export function describeServer({ world, server }: { world: World; server: ServerState }) {
  settleReinstall(server);
  const ready = Date.parse(server.readyAt) <= Date.now();
  const userKey = world.random() < world.state.config.quirks.usernane ? 'Usernane' : 'Username';
  return {
    IP: server.address,
    [userKey]: ready ? server.username : '',
    Password: ready ? server.password : '',
    OS: server.os,
    ExpiryDate: server.expiryDate,
    MachineStatus: 'Active',
    PowerStatus: server.power,
    ActionStatus: server.nextOs === null ? '' : 'reinstalling',
  };
}

export type ServerCall = 'start' | 'stop' | 'format' | 'changeos' | 'renewvps';

/** Carries out one call on a server and answers what the supplier says: `ok`, or the reason it refuses. */
export function changeServer(input: {
  world: World;
  plan: FaultPlan;
  server: ServerState;
  call: ServerCall;
  os: string | null;
}): { ok: true; says: string } | { ok: false; reason: string } {
  const { world, plan, server, call, os } = input;
  settleReinstall(server);
  if (call === 'start' || call === 'stop') {
    server.power = call === 'start' ? 'on' : 'off';
    addEvent({ server, what: call, detail: null });
    return { ok: true, says: `VPS ${call === 'start' ? 'started' : 'stopped'} successfully` };
  }
  if (call === 'renewvps') {
    server.expiryDate = oneMonthAfter(new Date(`${server.expiryDate}T00:00:00Z`));
    addEvent({ server, what: call, detail: server.expiryDate });
    return { ok: true, says: `VPS renewed till ${server.expiryDate}` };
  }
  const system = call === 'format' ? server.os : os;
  if (system === null || !operatingSystems.includes(system)) return { ok: false, reason: 'Invalid OS' };
  const lateMs = plan.take('credentialsLate')?.ms ?? world.drawMs('credentialsMs');
  reinstall({ world, server, system, lateMs });
  addEvent({ server, what: call, detail: system });
  return { ok: true, says: 'VPS reinstallation started' };
}

function reinstall(input: { world: World; server: ServerState; system: string; lateMs: number }): void {
  const { world, server, system, lateMs } = input;
  server.nextOs = system;
  server.username = userOf(system);
  server.password = makePassword(world);
  server.readyAt = inMs(lateMs);
  server.power = 'on';
}

function settleReinstall(server: ServerState): void {
  if (server.nextOs === null || Date.parse(server.readyAt) > Date.now()) return;
  server.os = server.nextOs;
  server.nextOs = null;
}

/** Its month ends without a renewal: the account does not hold it any more. */
export function expireServer(server: ServerState): void {
  server.expiryDate = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  server.hasExpired = true;
  addEvent({ server, what: 'expired', detail: server.expiryDate });
}

/** Notes a call on the server it named. */
export function noteCall({ server, call }: { server: ServerState; call: string }): void {
  server.calls.push({ at: new Date().toISOString(), call });
  if (server.calls.length > CALLS_KEPT) server.calls.shift();
}

function addEvent({
  server,
  what,
  detail,
}: {
  server: ServerState;
  what: string;
  detail: string | null;
}): void {
  server.events.push({ at: new Date().toISOString(), what, detail });
}

function userOf(os: string): string {
  return os === 'centos' || os === 'ubuntu' ? 'root' : 'Administrator';
}

function makePassword(world: World): string {
  const pick = () => PASSWORD_ALPHABET[Math.floor(world.random() * PASSWORD_ALPHABET.length)];
  return Array.from({ length: 14 }, pick).join('');
}

function oneMonthAfter(date: Date): string {
  const next = new Date(date);
  next.setUTCMonth(next.getUTCMonth() + 1);
  // 31 January + 1 month would be 3 March: the last day of the shorter month instead.
  if (next.getUTCDate() !== date.getUTCDate()) next.setUTCDate(0);
  return next.toISOString().slice(0, 10);
}

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
