import { setTimeout as sleep } from 'node:timers/promises';
import { createAsking } from '../activities/ask-gateways.ts';
import { createActivities, createLockActivities } from '../activities/index.ts';
import { createStockWatching } from '../activities/stock-watching.ts';
import { createWatching } from '../activities/watching.ts';
import { createActRecorder, createAuditLog } from './audit/audit-log.ts';
import type { Config } from './config.ts';
import { collectionsOf, onceReached, openDatabase, prepareIndexes, withDatabase } from './database.ts';
import { BrokenRecord } from './domain/broken-record.ts';
import type { GatewayName, SupplierName } from './domain/order.ts';
import { defaultPolicy, type ResolvedPolicy, resolvePolicy } from './domain/policy.ts';
import { createHttpApp } from './http/app.ts';
import type { ReadinessCheck, WebhookJudge } from './http/ports.ts';
import type { Logger } from './logger.ts';
import { customerLink, isValidLink, type LinkPurpose, orderLink } from './notifications/customer-link.ts';
import { createMailer } from './notifications/mailer.ts';
import { createNotifier } from './notifications/notifier.ts';
import { sendOrderNotice } from './notifications/send-order-notice.ts';
import { sendShopNotice } from './notifications/send-shop-notice.ts';
import { type CheckoutDeps, createCheckout } from './orders/checkout.ts';
import { findOrder } from './orders/find-order.ts';
import { listProducts } from './orders/list-products.ts';
import { checkOutMonth, offerMonth } from './orders/month-checkout.ts';
import { remedyPorts } from './orders/take-remedy.ts';
import { createCashfreeGateway } from './payments/cashfree/cashfree-gateway.ts';
import { verifyCashfreeWebhook } from './payments/cashfree/cashfree-webhook.ts';
import { findGatewayOrder } from './payments/find-gateway-order.ts';
import type { PaymentGateway } from './payments/gateway.ts';
import { payFormOf } from './payments/pay-form.ts';
import { createRazorpayGateway } from './payments/razorpay/razorpay-gateway.ts';
import { verifyRazorpayWebhook } from './payments/razorpay/razorpay-webhook.ts';
import { noteRefundNews } from './payments/refund-book.ts';
import { readPolicyFile } from './policy-file.ts';
import { createCredentialBox } from './servers/credential-box.ts';
import { composeSite } from './site-composition.ts';
import { describeSync } from './stock/describe-sync.ts';
import { createStockHolder, releaseStock } from './stock/hold-stock.ts';
import { createStockDesk } from './stock/stock-desk.ts';
import { createSmartVpsClient } from './suppliers/smartvps/smartvps-client.ts';
import type { Supplier } from './suppliers/supplier.ts';
import { createPaymentAcceptor } from './temporal/accept-payment.ts';
import { cancelOrder } from './temporal/cancel-order.ts';
import { compensateOrder } from './temporal/compensate-order.ts';
import { createTemporalClient } from './temporal/connection.ts';
import { dismissOwner } from './temporal/dismiss-owner.ts';
import { ensureSchedules } from './temporal/ensure-schedules.ts';
import { createLockSignals } from './temporal/lock-signals.ts';
import { createRunLooker } from './temporal/look-at-runs.ts';
import { openNamespace } from './temporal/open-namespace.ts';
import { NamespaceNotPrepared, prepareNamespace } from './temporal/prepare-namespace.ts';
import { resolveCase } from './temporal/resolve-case.ts';
import { restartOrder } from './temporal/restart-order.ts';
import { retryOrder } from './temporal/retry-order.ts';
import { startCompensation } from './temporal/start-compensation.ts';
import { startReturn } from './temporal/start-return.ts';
import { syncStockNow } from './temporal/sync-stock-now.ts';
import { tellBlockedRemedy, tellFreeMonth } from './temporal/tell-remedy.ts';
import { tellStockChanged } from './temporal/tell-stock-changed.ts';
import { createWorkers, type Workers } from './temporal/workers.ts';

const now = () => new Date().toISOString();

/**
 * Reads the policy anew at each call: a change of the file reaches what waits. A file that became unusable while the
 * process runs stops nothing: the last good policy goes on, and an error says so.
 */
function policyReader(policyFile: string | null, log: Logger): () => Promise<ResolvedPolicy> {
  if (policyFile === null) return async () => resolvePolicy(defaultPolicy);
  let last: ResolvedPolicy | undefined;
  return async () => {
    try {
      last = resolvePolicy(await readPolicyFile({ path: policyFile }));
    } catch (error) {
      if (!last) throw error;
      log.error({ err: error }, 'The policy file cannot be used; the last good policy stays in force');
    }
    return last;
  };
}

/** A worker that starts before Temporal waits this long for it. */
const temporalWithinMs = 120_000;

/** The worker's parts: suppliers, ledger, mails, and the two Temporal workers. */
export async function composeWorker(
  config: Config<'worker'>,
  log: Logger,
): Promise<Workers & { close(): Promise<void> }> {
  const readPolicy = policyReader(config.policyFile, log);
  const { longestPurchaseMs } = await readPolicy();
  const client = createTemporalClient(config.temporal);
  const { address, namespace } = config.temporal;
  await openNamespace({ client, namespace, address, limitMs: temporalWithinMs, sleep, log });
  await prepareNamespace({ client, namespace, sleep, log });
  const { shopTimeZone } = config;
  await ensureSchedules({ client, policy: await readPolicy(), shopTimeZone, log });
  const database = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
  const db = collectionsOf(database.db);
  const smartvps = createSmartVpsClient({ ...config.smartvps, longestPurchaseMs, log });
  const gateways = openGateways(config);
  const audit = createAuditLog({ db });
  const box = createCredentialBox(config.credentialsKeys);
  const links = { publicUrl: config.publicUrl, secret: config.linkSecret };
  const notifier = createNotifier({
    db: { orders: db.orders, notifications: database.db.collection('notifications') },
    mailer: createMailer({ smtpUrl: config.mail.smtpUrl, from: config.mail.from }),
    adminEmail: config.mail.adminEmail,
    shopTimeZone: config.shopTimeZone,
    temporalUiUrl: config.temporalUiUrl,
    namespace,
    orderLink: (input) => orderLink(links, input),
    now,
    log,
  });
  const linkOf = (purpose: LinkPurpose) => customerLink(links, purpose);
  let isEnding = false;
  const pause = async (ms: number) => {
    if (isEnding) throw new Error('This worker ends; another one goes on with the wait.');
    await sleep(ms);
  };
  const workers = await createWorkers({
    settings: config.temporal,
    ...(config.maxCachedWorkflows === null ? {} : { maxCachedWorkflows: config.maxCachedWorkflows }),
    longestPurchaseMs,
    orderActivities: {
      ...createActivities({
        db,
        supplierOf: supplierFinder({ smartvps }),
        box,
        readPolicy,
        sendNotice: (input) => sendOrderNotice({ db, box, notifier, linkOf, shopTimeZone, now }, input),
        locks: createLockSignals(client),
        restartOrder: (input) => restartOrder({ client, db }, input),
        tellStockChanged: (input) => tellStockChanged(client, input),
        startReturn: (input) => startReturn(client, input),
        startCompensation: (input) => startCompensation(client, input),
        dismissOwner: (input) => dismissOwner({ client, sleep }, input),
        tellFreeMonth: (input) => tellFreeMonth(client, input),
        tellBlockedRemedy: (input) => tellBlockedRemedy(client, input),
        gatewayOf: gatewayFinder(gateways.all),
        recordActs: (acts) => audit.recordAll(acts),
        now,
        sleep,
        pause,
        log,
      }),
      ...createWatching({
        db,
        readPolicy,
        runs: { ...createRunLooker(client), restartOwner: (input) => restartOrder({ client, db }, input) },
        sendShopNotice: (input) => sendShopNotice({ notifier }, input),
        recordAct: (act) => audit.record(act),
        now,
        log,
      }),
      ...createAsking({
        db,
        gatewayOf: gatewayFinder(gateways.all),
        acceptPayment: createPaymentAcceptor(client),
        startReturn: (input) => startReturn(client, input),
        sendShopNotice: (input) => sendShopNotice({ notifier }, input),
        readPolicy,
        now,
        log,
      }),
      ...createStockWatching({
        db,
        suppliers: [smartvps],
        readPolicy,
        sendShopNotice: (input) => sendShopNotice({ notifier }, input),
        tellStockChanged: (input) => tellStockChanged(client, input),
        shopTimeZone,
        now,
        sleep,
        log,
      }),
    },
    lockActivities: createLockActivities({ readPolicy }),
  });
  return {
    ...workers,
    shutdown() {
      isEnding = true;
      workers.shutdown();
    },
    async close() {
      await Promise.all([
        smartvps.close(),
        gateways.close(),
        database.client.close(),
        client.connection.close(),
      ]);
    },
  };
}

function supplierFinder(
  suppliers: Partial<Record<SupplierName, Supplier>>,
): (name: SupplierName) => Supplier {
  return (name) => {
    const supplier = suppliers[name];
    if (!supplier)
      throw new BrokenRecord(`Failed to find the supplier ${name}: it is switched off. Set its variables.`);
    return supplier;
  };
}

function gatewayFinder(
  gateways: Partial<Record<GatewayName, PaymentGateway>>,
): (name: GatewayName) => PaymentGateway {
  return (name) => {
    const gateway = gateways[name];
    if (!gateway)
      throw new BrokenRecord(`Failed to find the gateway ${name}: it is switched off. Set its variables.`);
    return gateway;
  };
}

/** Every gateway that is switched on. */
function openGateways(config: Pick<Config<'worker'>, 'cashfree' | 'razorpay'>) {
  const cashfree = createCashfreeGateway(config.cashfree);
  const razorpay = config.razorpay === null ? null : createRazorpayGateway(config.razorpay);
  return {
    all: { cashfree, ...(razorpay === null ? {} : { razorpay }) },
    /** Only Razorpay's webhooks name an order by its own id alone. */
    findOrderId: async (input: { gatewayOrderId: string }) => (await razorpay?.findOrderId(input)) ?? null,
    async close() {
      await Promise.all([cashfree.close(), razorpay?.close()]);
    },
  };
}

function razorpayJudge(
  { razorpay }: Pick<Config<'api'>, 'razorpay'>,
  { webhookMaxAgeMs: maxAgeMs }: Pick<ResolvedPolicy, 'webhookMaxAgeMs'>,
): WebhookJudge | null {
  if (razorpay === null) return null;
  const { webhookSecret } = razorpay;
  return (webhook) => verifyRazorpayWebhook({ ...webhook, webhookSecret, now: new Date(), maxAgeMs });
}

/** The API's parts: storefront, webhooks and the retry button. It starts while Temporal or the database is away. */
export async function composeApi(config: Config<'api'>, log: Logger) {
  const readPolicy = policyReader(config.policyFile, log);
  const policy = await readPolicy();
  const client = createTemporalClient(config.temporal);
  const database = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
  const db = collectionsOf(database.db);
  const gateways = openGateways(config);
  const links = { publicUrl: config.publicUrl, secret: config.http.sessionSecret };
  const checkout: CheckoutDeps = {
    db: {
      discounts: db.discounts,
      orders: db.orders,
      products: db.products,
      idempotencyKeys: database.db.collection('idempotencyKeys'),
    },
    holdStock: createStockHolder({ db, policy, now }),
    releaseStock: (input) => releaseStock({ db }, input),
    gateways: gateways.all,
    policy,
    now,
    publicUrl: config.publicUrl,
    orderLink: (input) => orderLink(links, input),
    log,
  };
  const placeOrder = createCheckout(checkout);
  const monthly = { db, checkout, placeOrder, now };
  const { shopTimeZone } = config;
  const namespace = preparedNamespace({
    client,
    namespace: config.temporal.namespace,
    policy,
    shopTimeZone,
    sleep,
    log,
  });
  const recordAct = createActRecorder({
    audit: createAuditLog({ db }),
    now,
    onLost: (act, error) => log.error({ err: error, act }, 'An act of an admin was done, but not recorded'),
  });
  const stockDesk = createStockDesk({ db, readPolicy, recordAct, now });
  const acting = { client, db, recordAct, now: () => new Date() };
  void onceReached(() => prepareIndexes(db), betweenTries).catch((error: unknown) =>
    log.warn({ err: error }, 'The indexes could not be made; they are made at the next start'),
  );
  const site = composeSite({
    config,
    client,
    database,
    db,
    stockDesk,
    recordAct,
    readPolicy,
    log,
    betweenTries,
  });
  const app = createHttpApp({
    sessions: site.sessions,
    shopTimeZone,
    tokens: { storefront: config.http.storefrontToken, admin: config.http.adminToken },
    logger: log,
    ports: {
      ...site.ports,
      listProducts: () => withDatabase(() => listProducts(stockDesk)),
      placeOrder: (request) => withDatabase(() => placeOrder(request)),
      findOrder: (input) => withDatabase(() => findOrder({ db, shopTimeZone, now }, input)),
      verifyCashfreeWebhook: (webhook) =>
        verifyCashfreeWebhook({
          ...webhook,
          clientSecret: config.cashfree.clientSecret,
          now: new Date(),
          maxAgeMs: policy.webhookMaxAgeMs,
        }),
      verifyRazorpayWebhook: razorpayJudge(config, policy),
      findGatewayOrder: (input) => findGatewayOrder({ db, askGateway: gateways.findOrderId }, input),
      noteRefund: (refund) => withDatabase(() => noteRefundNews({ db, now }, refund)),
      acceptPayment: createPaymentAcceptor(client),
      retryOrder: (wish) => withDatabase(() => retryOrder({ ...acting, readPolicy, log }, wish)),
      cancelOrder: (wish) => withDatabase(() => cancelOrder(acting, wish)),
      compensateOrder: (wish) => withDatabase(() => compensateOrder({ ...acting, ...remedyPorts(db) }, wish)),
      resolveCase: (request) => withDatabase(() => resolveCase(acting, request)),
      syncStock: async ({ by, reason }) => {
        const outcome = await syncStockNow(client);
        const subject = { kind: 'supplier', id: 'smartvps' } as const;
        const record = (accepted: boolean, answer: string) =>
          recordAct({ act: 'syncStock', subject, by, reason, accepted, answer });
        if (outcome.kind !== 'done') {
          const isRunning = outcome.kind === 'running';
          await record(isRunning, isRunning ? 'The stock is being read.' : outcome.sentence);
          return outcome;
        }
        const told = describeSync(outcome.sync);
        await record(true, told.lines.join(' '));
        const stock = await withDatabase(() => stockDesk.listStock({ historyDays: 0 }));
        return { ...outcome, told, stock };
      },
      isValidLink: (link) => isValidLink({ secret: config.http.sessionSecret, nowMs: Date.now() }, link),
      orderLink: ({ orderId }) => orderLink(links, { orderId, from: now() }),
      offerMonth: (link) => withDatabase(() => offerMonth(monthly, link)),
      checkOutMonth: (link) => withDatabase(() => checkOutMonth(monthly, link)),
      payForm: (reply) => payFormOf(config, reply),
      readiness: () =>
        Promise.all([
          check('database', () => database.db.command({ ping: 1 })),
          check('temporal', () => client.connection.workflowService.getSystemInfo({})),
          check('namespace', namespace.assertPrepared),
        ]),
    },
  });
  return {
    app,
    /** Rejects where the namespace may not be prepared by us: the process must say so and end. */
    refused: namespace.refused,
    async close() {
      namespace.stop();
      site.stop();
      await Promise.all([gateways.close(), database.client.close(), client.connection.close()]);
    },
  };
}

const checkWithinMs = 3_000;

async function check(name: string, ask: () => unknown): Promise<ReadinessCheck> {
  const tooLate = sleep(checkWithinMs, 'late', { ref: false });
  try {
    const answer = await Promise.race([Promise.resolve().then(ask), tooLate]);
    if (answer === 'late') return { name, ok: false, detail: `no answer within ${checkWithinMs / 1000} s` };
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

const prepareEveryMs = 2_000;

function betweenTries(): Promise<void> {
  return sleep(prepareEveryMs, undefined, { ref: false });
}

/** Prepares the namespace and its schedules in the background, as soon as Temporal answers. */
function preparedNamespace(
  input: Parameters<typeof prepareNamespace>[0] & Parameters<typeof ensureSchedules>[0],
) {
  let prepared = false;
  let stopped = false;
  const refused = (async () => {
    while (!stopped && !prepared) {
      try {
        await prepareNamespace(input);
        await ensureSchedules(input);
        prepared = true;
      } catch (error) {
        if (error instanceof NamespaceNotPrepared) throw error;
        await sleep(prepareEveryMs, undefined, { ref: false });
      }
    }
  })();
  return {
    refused,
    stop() {
      stopped = true;
    },
    assertPrepared() {
      if (!prepared) throw new Error('the search attributes are not registered yet');
    },
  };
}
