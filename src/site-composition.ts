import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Db, MongoClient } from 'mongodb';
import { findLockKey } from '../workflows/contract/package-lock.ts';
import { type AdminBook, createAdminBook } from './admins/admin-book.ts';
import type { AdminDocument } from './admins/admin-document.ts';
import { createLoginLimit, prepareLoginLimit } from './admins/login-limit.ts';
import { createSessionStore, endSessionsOf, forgetOldSessions } from './admins/session-store.ts';
import { createAuditLog } from './audit/audit-log.ts';
import type { Config } from './config.ts';
import { type Collections, onceReached, prepareSiteIndexes, withDatabase } from './database.ts';
import { countOpen } from './desk/count-open.ts';
import { listOrders } from './desk/list-orders.ts';
import { measureShop } from './desk/measure-shop.ts';
import { rememberFigures } from './desk/remember-figures.ts';
import { reportOrder } from './desk/report-order.ts';
import type { ResolvedPolicy } from './domain/policy.ts';
import type { Said, SitePorts } from './http/site/site-ports.ts';
import type { SessionSettings } from './http/visitor.ts';
import type { Logger } from './logger.ts';
import type { NotificationDocument } from './notifications/notifier.ts';
import { listLocks, pauseReader, workflowLink } from './ops-composition.ts';
import { createCredentialBox } from './servers/credential-box.ts';
import { listServers, totalServers } from './servers/list-servers.ts';
import { revealLogin } from './servers/reveal-login.ts';
import type { StockDesk } from './stock/stock-desk.ts';
import type { RecordAct } from './temporal/order-act.ts';
import { assignServer, strandServer } from './temporal/place-server.ts';
import { readSteps } from './temporal/read-steps.ts';
import { steerLock } from './temporal/steer-lock.ts';
import { withTemporal } from './temporal/with-temporal.ts';

/** A session ends half an hour after its last request, and twelve hours after its login whatever happens. */
const idleMs = 30 * 60_000;
const absoluteMs = 12 * 60 * 60_000;
const sweepEveryMs = 10 * 60_000;
/** Whoever reads the figures more often gets the same ones: they count whole collections. */
const figuresForMs = 10_000;
const graphDays = 7;

interface SiteInput {
  config: Config<'api'>;
  client: Client;
  database: { client: MongoClient; db: Db };
  db: Collections;
  stockDesk: StockDesk;
  recordAct: RecordAct;
  readPolicy: () => Promise<ResolvedPolicy>;
  log: Logger;
  /** Waits a while, where the database was away at the start. */
  betweenTries: () => Promise<void>;
}

/** What the admin site needs: sessions, admins, and everything its pages show and do. */
export function composeSite(input: SiteInput): { ports: SitePorts; sessions: SessionSettings; stop(): void } {
  const { config, database, log } = input;
  const place = { client: database.client, databaseName: database.db.databaseName };
  const book = createAdminBook({
    admins: database.db.collection<AdminDocument>('admins'),
    endSessions: (name) => endSessionsOf({ ...place, name }),
    now: () => new Date().toISOString(),
  });
  void onceReached(() => prepareSite(input, place), input.betweenTries).catch((error: unknown) =>
    log.warn(
      { err: error },
      'The indexes of the admin site could not be made; they are made at the next start',
    ),
  );
  const sweep = setInterval(() => {
    forgetOldSessions(place).catch((error: unknown) => log.warn({ err: error }, 'Old sessions stay a while'));
  }, sweepEveryMs).unref();
  return {
    sessions: {
      store: createSessionStore({ ...place, idleMs }),
      secret: config.http.sessionSecret,
      isSecure: config.publicUrl.startsWith('https:'),
      idleMs,
      absoluteMs,
      findGeneration: (name) => withDatabase(() => book.findGeneration(name)),
    },
    ports: {
      ...accessPorts(input, { place, book }),
      ...orderPorts(input),
      ...stockPorts(input),
      ...serverPorts(input),
    },
    stop: () => clearInterval(sweep),
  };
}

type Place = { client: MongoClient; databaseName: string };

async function prepareSite({ database: { db } }: SiteInput, place: Place): Promise<void> {
  await prepareLoginLimit(place);
  await forgetOldSessions(place);
  await prepareSiteIndexes(db);
}

function accessPorts(
  { recordAct, log }: SiteInput,
  { place, book }: { place: Place; book: AdminBook },
): Pick<SitePorts, 'hasAdmins' | 'logIn' | 'noteSignOut'> {
  const record = (
    act: 'signIn' | 'signOut',
    said: { name: string | null; accepted: boolean; answer: string },
  ) => {
    const { name, accepted, answer } = said;
    // What was typed for a name that nobody has may be a password: it is not written down.
    const subject = { kind: 'admin', id: name ?? 'unknown name' } as const;
    const by = accepted && name !== null ? name : 'somebody';
    return recordAct({ act, subject, by, reason: null, accepted, answer });
  };
  const limit = createLoginLimit(place);
  return {
    hasAdmins: () => withDatabase(() => book.hasAny()),
    logIn: ({ name, password, address }) =>
      withDatabase(async () => {
        const waitSeconds = await limit.count({ name, address });
        if (waitSeconds !== null) {
          log.warn({ waitSeconds }, 'Too many tries to sign in');
          return { kind: 'tooMany', waitSeconds };
        }
        const known = await book.check({ name, password });
        if (known === null) {
          const answer = 'Name or password was wrong.';
          await record('signIn', { name: await book.findName(name), accepted: false, answer });
          return { kind: 'wrong' };
        }
        await limit.forget({ name, address });
        await record('signIn', { name: known.name, accepted: true, answer: 'Signed in.' });
        return { kind: 'welcome', ...known };
      }),
    noteSignOut: ({ name }) => record('signOut', { name, accepted: true, answer: 'Signed out.' }),
  };
}

type OrderPortNames =
  | 'searchOrders'
  | 'searchByEmail'
  | 'countOpen'
  | 'reportOrder'
  | 'showCustomer'
  | 'revealLogin'
  | 'measure';

function orderPorts(input: SiteInput): Pick<SitePorts, OrderPortNames> {
  const { config, client, database, db, readPolicy, recordAct } = input;
  const audit = createAuditLog({ db });
  const now = () => new Date();
  // Without Temporal the figures are read all the same: a late order then counts as late.
  const readPause = (pool: { supplier: string; packageKey: string }) =>
    pauseReader(client)(pool).catch(() => ({ isPaused: false, lastActAt: null }));
  const notifications = database.db.collection<NotificationDocument>('notifications');
  const reporting = {
    db: { ...db, notifications },
    audit,
    now,
    linkTo: (workflowId: string) => workflowLink(config, workflowId),
    readSteps: (order: { orderId: string }) => readSteps(client, order),
  };
  // Written before anything is shown: what cannot be recorded is not seen.
  const recordView = async (act: string, subject: { kind: 'order' | 'customer'; id: string }, said: Said) => {
    const done = { actId: randomUUID(), at: now().toISOString(), act, subject, ...said };
    await audit.record({ ...done, accepted: true, answer: 'Shown once.' });
  };
  return {
    searchOrders: (search) => withDatabase(() => listOrders({ db, now }, search)),
    searchByEmail: ({ by, reason, ...search }) =>
      withDatabase(async () => {
        const subject = { kind: 'customer', id: 'by e-mail' } as const;
        await recordView('searchByEmail', subject, { by, reason });
        return listOrders({ db, now }, search);
      }),
    countOpen: () => withDatabase(() => countOpen(db)),
    reportOrder: (order) => withDatabase(() => reportOrder(reporting, order)),
    showCustomer: ({ orderId, ...said }) =>
      withDatabase(async () => {
        const order = await db.orders.findOne({ _id: orderId }, { projection: { customer: 1 } });
        if (order === null) return null;
        await recordView('showCustomer', { kind: 'order', id: orderId }, said);
        const { name, email, phone } = order.customer;
        return { name, email, phone };
      }),
    revealLogin: ({ orderId, ...said }) =>
      withDatabase(async () => {
        const box = createCredentialBox(config.credentialsKeys);
        const outcome = await revealLogin({ db, box, now }, { orderId, by: said.by });
        const subject = { kind: 'order', id: orderId } as const;
        if (outcome.kind === 'revealed') await recordView('revealLogin', subject, said);
        else {
          const answer = outcome.sentence;
          await recordAct({ act: 'revealLogin', subject, ...said, accepted: false, answer });
        }
        return outcome;
      }),
    measure: rememberFigures({
      forMs: figuresForMs,
      measure: () =>
        withDatabase(async () => measureShop({ db, now, readPause }, { policy: await readPolicy() })),
    }),
  };
}

function stockPorts({ stockDesk }: SiteInput): Pick<SitePorts, 'listStock' | 'setSale'> {
  return {
    listStock: () =>
      withDatabase(async () => {
        const cards = await stockDesk.listStock({ historyDays: graphDays });
        return cards.map(({ products, ...card }) => ({
          ...card,
          products: products.map((product) => ({ ...product, marks: { ...product.marks } })),
        }));
      }),
    setSale: (input) => withDatabase(() => stockDesk.setSale(input)),
  };
}

type ServerPortNames = 'listLocks' | 'steerLock' | 'listServers' | 'assignServer' | 'strandServer';

function serverPorts({ client, db, recordAct }: SiteInput): Pick<SitePorts, ServerPortNames> {
  const acting = { client, db, recordAct };
  return {
    listLocks: () => withTemporal(() => withDatabase(() => listLocks({ client, db }))),
    steerLock: async ({ lockId, act, requestId, by, reason }) => {
      const key = findLockKey(lockId);
      if (key === undefined) return { kind: 'refused', sentence: 'There is no such lock.' };
      return steerLock(acting, { key, act, by, reason, ...(requestId === null ? {} : { requestId }) });
    },
    listServers: ({ state }) =>
      withDatabase(async () => {
        const [servers, totals] = await Promise.all([
          listServers(db, { state: state ?? 'ours' }),
          totalServers(db),
        ]);
        return { servers, totals };
      }),
    assignServer: (wish) => withDatabase(() => assignServer(acting, wish)),
    strandServer: (wish) => withDatabase(() => strandServer(acting, wish)),
  };
}
