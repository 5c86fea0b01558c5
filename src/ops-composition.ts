import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { type Db, type MongoClient, MongoServerError } from 'mongodb';
import { findLockKey, type LockKey, packageLockId } from '../workflows/contract/package-lock.ts';
import { type AdminBook, createAdminBook } from './admins/admin-book.ts';
import type { AdminDocument } from './admins/admin-document.ts';
import { endSessionsOf } from './admins/session-store.ts';
import { createActRecorder, createAuditLog } from './audit/audit-log.ts';
import { type Config, readConfig } from './config.ts';
import {
  type Collections,
  collectionsOf,
  DatabaseUnavailable,
  openDatabase,
  withDatabase,
} from './database.ts';
import { findStuckOrders, type LockPause } from './desk/find-stuck-orders.ts';
import { listFailed, listOrders, type OrderQuery } from './desk/list-orders.ts';
import { reportIncident } from './desk/report-incident.ts';
import { reportOrder } from './desk/report-order.ts';
import { createDiscount, normalizeDiscountCode } from './discounts/create-discount.ts';
import { disableDiscount, findDiscount, listDiscounts } from './discounts/list-discounts.ts';
import type { FailureCode, SupplierName } from './domain/order.ts';
import { defaultPolicy, type ResolvedPolicy, resolvePolicy } from './domain/policy.ts';
import type { PurchaseResolution } from './domain/purchase-resolution.ts';
import { answerOf, type BookVerdict } from './domain/verdict.ts';
import type { NotificationDocument } from './notifications/notifier.ts';
import type { OpsPorts } from './ops/cli.ts';
import { type ImportCounts, importProducts, parseCatalogue } from './orders/import-products.ts';
import { remedyPorts } from './orders/take-remedy.ts';
import { listPayments } from './payments/list-payments.ts';
import { readPolicyFile } from './policy-file.ts';
import { listCases } from './purchases/list-cases.ts';
import { type ForeignImport, importForeignServers, parseForeignServers } from './servers/import-foreign.ts';
import { listServers } from './servers/list-servers.ts';
import { allowReveal } from './servers/reveal-login.ts';
import type { TenancyState } from './servers/server-document.ts';
import { importIpstocks } from './stock/import-ipstocks.ts';
import { createStockDesk, type StockDesk } from './stock/stock-desk.ts';
import { cancelOrder } from './temporal/cancel-order.ts';
import { type CompensateWish, compensateOrder } from './temporal/compensate-order.ts';
import { createTemporalClient } from './temporal/connection.ts';
import { createRunLooker } from './temporal/look-at-runs.ts';
import type { OrderWish, RecordAct } from './temporal/order-act.ts';
import { assignServer, strandServer } from './temporal/place-server.ts';
import { readSteps as readStepsOf } from './temporal/read-steps.ts';
import { resolveCase } from './temporal/resolve-case.ts';
import { retryOrder } from './temporal/retry-order.ts';
import { findGrpcStatus } from './temporal/service-error.ts';
import { type LockSight, type LockWish, readLock, steerLock } from './temporal/steer-lock.ts';
import { steerReturn } from './temporal/steer-return.ts';

/** MongoDB's code for a login that it does not accept. */
const authenticationFailed = 18;

type DatabaseConfig = Pick<Config<'import'>, 'mongodbUri' | 'mongodbDatabase'>;

interface Records {
  client: MongoClient;
  db: Collections;
  raw: Db;
  recordAct: RecordAct;
  now: () => Date;
}

/** Where the words of what is not the answer go: standard error. */
type Warn = (sentence: string) => void;

/** Opens the database for one piece of work. @throws one sentence where it does not answer or refuses us. */
async function withRows<T>(
  { config, warn }: { config: DatabaseConfig; warn: Warn },
  action: string,
  work: (records: Records) => Promise<T>,
): Promise<T> {
  const { client, db: raw } = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
  const db = collectionsOf(raw);
  const recordAct = createActRecorder({
    audit: createAuditLog({ db }),
    now,
    onLost: ({ act, by }) =>
      warn(`It is done, but not in the audit log: the database does not answer. Note: ${act} by ${by}.`),
  });
  try {
    return await withDatabase(() => work({ client, db, raw, recordAct, now: () => new Date() }));
  } catch (error) {
    throw explained(error, { action, hosts: hostsOf(config.mongodbUri) });
  } finally {
    await client.close();
  }
}

const now = () => new Date().toISOString();

interface Said {
  by: string;
  reason?: string | null;
}

/** What the operator's commands that read or write records alone need. */
export function composeRecords(config: Config<'import'>, warn: Warn = () => undefined) {
  const rows = <T>(action: string, work: (records: Records) => Promise<T>) =>
    withRows({ config, warn }, action, work);
  const desk = <T>(action: string, work: (desk: StockDesk) => Promise<T>) =>
    rows(action, ({ db, recordAct }) =>
      work(createStockDesk({ db, recordAct, now, readPolicy: () => readPolicy(config) })),
    );
  return {
    /** Takes a catalogue file's JSON; throws one sentence. */
    async importCatalogue({
      catalogue,
      by,
      reason = null,
    }: Said & { catalogue: unknown }): Promise<ImportCounts> {
      const entries = parseCatalogue(catalogue);
      const { matchPolicy, reserve } = await readPolicy(config);
      return rows('import the catalogue', async ({ db, recordAct }) => {
        const counts = await importProducts({ db, entries, defaults: { matchPolicy, reserve } });
        const { created, updated, unchanged } = counts;
        const answer = `${created} products created, ${updated} updated, ${unchanged} unchanged.`;
        for (const id of new Set(entries.map(({ supplier }) => supplier))) {
          const subject = { kind: 'supplier', id } as const;
          await recordAct({ act: 'importProducts', subject, by, reason, accepted: true, answer });
        }
        return counts;
      });
    },
    listProductLines: (input: { historyDays: number }) =>
      desk('list the products', ({ listProductLines }) => listProductLines(input)),
    setSale: (input: Parameters<StockDesk['setSale']>[0]) =>
      desk('change the sale', ({ setSale }) => setSale(input)),
    setProduct: (input: Parameters<StockDesk['setProduct']>[0]) =>
      desk('set the product', ({ setProduct }) => setProduct(input)),
    importIpstocks: async (input: { documents: unknown; dryRun: boolean } & Required<Said>) => {
      const { matchPolicy, reserve } = await readPolicy(config);
      return rows('import the old stock', async ({ db, recordAct }) => {
        const report = await importIpstocks({ db, now }, { ...input, defaults: { matchPolicy, reserve } });
        const { by, reason, dryRun } = input;
        const subject = { kind: 'supplier', id: 'smartvps' } as const;
        const answer = `${report.lines.length} documents of the old shop imported, ${report.lost} fields lost.`;
        if (!dryRun) await recordAct({ act: 'importIpstocks', subject, by, reason, accepted: true, answer });
        return report;
      });
    },
    /** `list` is a file's JSON, or null where it is said that there are no older servers. */
    importForeign(input: Said & { list: unknown; supplier: SupplierName }): Promise<ForeignImport> {
      const { list, supplier, by, reason = null } = input;
      const addresses = list === null ? [] : parseForeignServers(list);
      return rows('import the servers', async ({ db, recordAct }) => {
        const result = await importForeignServers({ db, now }, { supplier, addresses, by });
        const recorded = `${result.recorded} servers recorded as foreign, ${result.left.length} left as they were.`;
        await recordAct({
          act: 'importServers',
          subject: { kind: 'supplier', id: supplier },
          by,
          reason,
          accepted: true,
          answer: list === null ? 'It is recorded that there are no older servers.' : recorded,
        });
        return result;
      });
    },
    addAdmin: (input: { name: string; password: string; replace: boolean } & Required<Said>) =>
      rows('add the admin', (records) =>
        adminAct(records, { ...input, act: 'addAdmin' }, (book) => book.add(input)),
      ),
    removeAdmin: (input: { name: string } & Required<Said>) =>
      rows('remove the admin', (records) =>
        adminAct(records, { ...input, act: 'removeAdmin' }, (book) => book.remove(input)),
      ),
    allowReveal: ({ orderId, by, reason }: { orderId: string } & Required<Said>) =>
      rows('let the login be shown again', async ({ db, recordAct }) => {
        const verdict = await allowReveal(db, { orderId });
        const accepted = verdict.kind === 'accepted';
        const answer = verdict.kind === 'accepted' ? verdict.next : verdict.sentence;
        const subject = { kind: 'order', id: orderId } as const;
        await recordAct({ act: 'allowReveal', subject, by, reason, accepted, answer });
        return verdict;
      }),
    listAdmins: () => rows('list the admins', (records) => adminBookOf(records).list()),
    reportIncident: (input: Parameters<typeof reportIncident>[1]) =>
      rows('report the incident', async ({ db }) =>
        reportIncident({ db, policy: await readPolicy(config) }, input),
      ),
    listServers: (input: { state: TenancyState | null }) =>
      rows('list the servers', ({ db }) => listServers(db, { ...input, most: null })),
    listCases: () => rows('list the cases', ({ db }) => listCases(db, { now: now() })),
    listOrders: (query: OrderQuery) => rows('list the orders', (records) => listOrders(records, query)),
    listFailed: ({ code }: { code: FailureCode }) =>
      rows('list the orders', (records) => listFailed(records, { code })),
    listDiscounts: (input: Parameters<typeof listDiscounts>[1]) =>
      rows('list the discounts', ({ db }) => listDiscounts({ db, now }, input)),
    findDiscount: (input: { code: string }) =>
      rows('show the discount', ({ db }) => findDiscount({ db, now }, input)),
    createDiscount: (wish: Parameters<OpsPorts['createDiscount']>[0]) =>
      rows('make the discount', (records) => makeDiscount(records, wish)),
    disableDiscount: (input: Parameters<typeof disableDiscount>[1]) =>
      rows('disable the discount', async ({ db, recordAct }) => {
        const outcome = await disableDiscount({ db, now }, input);
        const { code, by, reason } = input;
        const subject = { kind: 'discount', id: normalizeDiscountCode(code) } as const;
        const accepted = outcome.kind === 'accepted';
        const answer = accepted ? outcome.next : outcome.sentence;
        await recordAct({ act: 'disableDiscount', subject, by, reason, accepted, answer });
        return outcome;
      }),
    listPayments: (input: { orderId: string | null }) =>
      rows('list the payments', ({ db }) => listPayments({ db }, input)),
    listActs: (input: { subjectId?: string; limit: number }) =>
      rows('list the acts', ({ db }) => createAuditLog({ db }).list(input)),
  };
}

/** A code that a person chose makes one discount, whatever is repeated; one that is made up is a new one each time. */
async function makeDiscount(
  { db, recordAct }: Records,
  wish: Parameters<OpsPorts['createDiscount']>[0],
): ReturnType<OpsPorts['createDiscount']> {
  const { code, value, customerEmail, expiresAt, by, reason } = wish;
  const chosen = code === null ? null : normalizeDiscountCode(code);
  if (chosen !== null && (await db.discounts.findOne({ code: chosen })) !== null) {
    throw new Error(
      `Failed to make the discount: there is a code ${chosen} already. See \`discounts show ${chosen}\`.`,
    );
  }
  const made = await createDiscount(
    { db, now },
    {
      discountId: `by-hand-${chosen ?? randomUUID()}`,
      ...(chosen === null ? {} : { code: chosen }),
      value,
      customerEmail,
      expiresAt,
      note: reason ?? `Made by ${by}`,
    },
  );
  const subject = { kind: 'discount', id: made.code } as const;
  await recordAct({
    act: 'createDiscount',
    subject,
    by,
    reason,
    accepted: true,
    answer: `Valid until ${made.expiresAt}.`,
  });
  const view = await findDiscount({ db, now }, { code: made.code });
  if (view === null) throw new Error(`Failed to make the discount: ${made.code} is gone.`);
  return view;
}

function adminBookOf({ client, raw }: Records): AdminBook {
  const databaseName = raw.databaseName;
  return createAdminBook({
    admins: raw.collection<AdminDocument>('admins'),
    endSessions: (name) => endSessionsOf({ client, databaseName, name }),
    now,
  });
}

async function adminAct(
  records: Records,
  said: Required<Said> & { act: string; name: string },
  carryOut: (book: AdminBook) => Promise<BookVerdict>,
): Promise<BookVerdict> {
  const verdict = await carryOut(adminBookOf(records));
  const { act, name: id, by, reason } = said;
  await records.recordAct({ act, subject: { kind: 'admin', id }, by, reason, ...answerOf(verdict) });
  return verdict;
}

/** Imports a demo's catalogue. Takes a catalogue file's JSON; throws one sentence. */
export function composeImport(config: Config<'import'>): (catalogue: unknown) => Promise<ImportCounts> {
  const { importCatalogue } = composeRecords(config);
  return (catalogue) => importCatalogue({ catalogue, by: 'demo' });
}

async function readPolicy({ policyFile }: Pick<Config<'import'>, 'policyFile'>): Promise<ResolvedPolicy> {
  return resolvePolicy(policyFile === null ? defaultPolicy : await readPolicyFile({ path: policyFile }));
}

/** What the operator's commands that act on orders, locks and servers need: Temporal as well. */
function composeActs(config: Config<'ops'>, warn: Warn) {
  const withClient = async <T>(
    action: string,
    work: (deps: Omit<Records, 'client'> & { client: Client }) => Promise<T>,
  ): Promise<T> => {
    const client = createTemporalClient(config.temporal);
    try {
      return await withRows({ config, warn }, action, (records) => work({ ...records, client }));
    } catch (error) {
      if (findGrpcStatus(error) === undefined) throw error;
      const { address } = config.temporal;
      throw new Error(
        `Failed to ${action}: Temporal does not answer at ${address}. Start it, or correct TEMPORAL_ADDRESS.`,
      );
    } finally {
      await client.connection.close();
    }
  };
  const log = { warn: (_fields: object, sentence: string) => warn(sentence) };
  return {
    retryOrder: (wish: OrderWish) =>
      withClient('retry the order', (deps) =>
        retryOrder({ ...deps, log, readPolicy: () => readPolicy(config) }, wish),
      ),
    cancelOrder: (wish: OrderWish) => withClient('cancel the order', (deps) => cancelOrder(deps, wish)),
    compensateOrder: (wish: CompensateWish) =>
      withClient('compensate the order', (deps) =>
        compensateOrder({ ...deps, ...remedyPorts(deps.db) }, wish),
      ),
    resolveCase: (request: { orderId?: string; purchaseId?: string; resolution: PurchaseResolution }) =>
      withClient('resolve the case', (deps) => resolveCase(deps, request)),
    strandServer: (request: Parameters<typeof strandServer>[1]) =>
      withClient('strand the server', (deps) => strandServer(deps, request)),
    assignServer: (request: Parameters<typeof assignServer>[1]) =>
      withClient('assign the server', (deps) => assignServer(deps, request)),
    reportOrder: (input: { orderId: string }) =>
      withClient('show the order', ({ db, raw, client, ...deps }) => {
        const notifications = raw.collection<NotificationDocument>('notifications');
        const linkTo = (workflowId: string) => workflowLink(config, workflowId);
        const audit = createAuditLog({ db });
        const readSteps = (order: { orderId: string }) => readStepsOf(client, order);
        return reportOrder({ ...deps, db: { ...db, notifications }, audit, linkTo, readSteps }, input);
      }),
    findStuckOrders: async () => {
      const policy = await readPolicy(config);
      return withClient('look for stuck orders', (deps) => {
        return findStuckOrders({ ...deps, readPause: pauseReader(deps.client) }, { policy });
      });
    },
    retryReturn: (act: Parameters<OpsPorts['retryReturn']>[0]) =>
      withClient('give the payment back', (deps) => steerReturn(deps, act)),
    returnedByHand: (act: Parameters<OpsPorts['returnedByHand']>[0]) =>
      withClient('record the return', (deps) => steerReturn(deps, act)),
    listLocks: () => withClient('list the locks', (deps) => listLocks(deps)),
    showLock: ({ packageName }: { packageName: string }) =>
      withClient('show the lock', async ({ db, client }) => {
        const key = await findKey(db, packageName);
        return key === null ? null : readLock(client, key);
      }),
    steerLock: ({ packageName, ...wish }: Omit<LockWish, 'key'> & { packageName: string }) =>
      withClient('steer the lock', async (deps) => {
        const key = await findKey(deps.db, packageName);
        if (key !== null) return steerLock(deps, { ...wish, key });
        const sentence = 'There is no such package in the catalogue. See `locks list`.';
        return { kind: 'refused', sentence } as const;
      }),
  };
}

/** Tells whether a package is paused, and when somebody last did something to its lock. */
export function pauseReader(
  client: Client,
): (pool: { supplier: string; packageKey: string }) => Promise<LockPause> {
  return async ({ supplier, packageKey: packageName }) => {
    const { view } = await readLock(client, { supplier, packageName });
    return { isPaused: view !== null && view.pause !== null, lastActAt: view?.lastAct?.at ?? null };
  };
}

/** Where a workflow is shown in the Temporal Web UI; null where its address is not set. */
export function workflowLink(
  { temporalUiUrl, temporal }: Pick<Config<'ops'>, 'temporalUiUrl' | 'temporal'>,
  workflowId: string,
): string | null {
  if (temporalUiUrl === null) return null;
  const parts = [temporal.namespace, workflowId].map(encodeURIComponent);
  return `${temporalUiUrl}/namespaces/${parts[0]}/workflows/${parts[1]}`;
}

/** The locks of the catalogue's packages, and those that run besides, by name. */
export async function listLocks({ db, client }: { db: Collections; client: Client }): Promise<LockSight[]> {
  const known = (await packagesOf(db)) ?? [];
  const running = (await createRunLooker(client).listLocks()).flatMap((lockId) => findLockKey(lockId) ?? []);
  const pools = known.map(({ supplier, packageKey: packageName }) => ({ supplier, packageName }));
  const keys = new Map([...pools, ...running].map((key) => [packageLockId(key), key]));
  const locks = await Promise.all([...keys.values()].map((key) => readLock(client, key)));
  return locks.sort((a, b) => a.lockId.localeCompare(b.lockId, 'en', { numeric: true }));
}

/** Null where the database is away: a lock needs Temporal alone, and must be steered all the same. */
async function packagesOf(db: Collections) {
  try {
    return await withDatabase(() => db.packages.find().toArray());
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return null;
    throw error;
  }
}

/** The lock that is meant by a package's name at import, its name today, or the lock's own id. */
async function findKey(db: Collections, name: string): Promise<LockKey | null> {
  const known = await packagesOf(db);
  const named = findLockKey(name);
  if (named !== undefined) return named;
  if (known === null) return { supplier: 'smartvps', packageName: name };
  const found = known.filter((pool) => [pool._id, pool.packageKey, pool.name].includes(name));
  if (found.length > 1) {
    throw new Error(`Failed to find ${name}: ${found.map(({ _id }) => _id).join(' or ')}? Name one of them.`);
  }
  const [pool] = found;
  return pool === undefined ? null : { supplier: pool.supplier, packageName: pool.packageKey };
}

/** Every verb of the operator's commands. Each reads its own settings when it is called, so that `--help` works anywhere. */
export function composeOps({ env, warn }: { env?: Record<string, string>; warn: Warn }) {
  const settings = () => readConfig('import', env);
  const records = () => composeRecords(settings(), warn);
  const acts = () => composeActs(readConfig('ops', env), warn);
  return {
    importCatalogue: (input) => records().importCatalogue(input),
    listProductLines: (input) => records().listProductLines(input),
    setSale: (input) => records().setSale(input),
    setProduct: (input) => records().setProduct(input),
    importIpstocks: (input) => records().importIpstocks(input),
    importForeign: (input) => records().importForeign(input),
    addAdmin: (input) => records().addAdmin(input),
    removeAdmin: (input) => records().removeAdmin(input),
    allowReveal: (input) => records().allowReveal(input),
    listAdmins: () => records().listAdmins(),
    reportIncident: (input) => records().reportIncident(input),
    listServers: (input) => records().listServers(input),
    listCases: () => records().listCases(),
    listOrders: (query) => records().listOrders(query),
    listFailed: (input) => records().listFailed(input),
    listActs: (input) => records().listActs(input),
    listDiscounts: (input) => records().listDiscounts(input),
    findDiscount: (input) => records().findDiscount(input),
    createDiscount: (wish) => records().createDiscount(wish),
    disableDiscount: (input) => records().disableDiscount(input),
    listPayments: (input) => records().listPayments(input),
    retryReturn: (act) => acts().retryReturn(act),
    returnedByHand: (act) => acts().returnedByHand(act),
    shopTimeZone: () => settings().shopTimeZone,
    strandServer: (input) => acts().strandServer(input),
    assignServer: (input) => acts().assignServer(input),
    resolveCase: (input) => acts().resolveCase(input),
    resolveOrder: (input) => acts().resolveCase(input),
    retryOrder: (wish) => acts().retryOrder(wish),
    cancelOrder: (wish) => acts().cancelOrder(wish),
    compensateOrder: (wish) => acts().compensateOrder(wish),
    reportOrder: (input) => acts().reportOrder(input),
    findStuckOrders: () => acts().findStuckOrders(),
    listLocks: () => acts().listLocks(),
    showLock: (input) => acts().showLock(input),
    steerLock: (wish) => acts().steerLock(wish),
    // Loaded for itself alone: it drags in supplier, gateway and mail server.
    examine: async () => (await import('./doctor-composition.ts')).examine(env),
  } satisfies Omit<OpsPorts, 'print' | 'printError'>;
}

function explained(error: unknown, { action, hosts }: { action: string; hosts: string }): unknown {
  if (error instanceof DatabaseUnavailable) {
    return new Error(
      `Failed to ${action}: no database answers at ${hosts}. Start it, or correct MONGODB_URI.`,
    );
  }
  if (error instanceof MongoServerError && error.code === authenticationFailed) {
    return new Error(`Failed to ${action}: the database at ${hosts} refuses the login. Correct MONGODB_URI.`);
  }
  return error;
}

/** The hosts of a MongoDB address, without its login. */
export function hostsOf(uri: string): string {
  return /^[^:]+:\/\/(?:[^@/]*@)?([^/?]+)/.exec(uri)?.[1] ?? 'its address';
}
