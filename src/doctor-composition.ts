import { type Config, ConfigError, type Part, readConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { checkDatabase } from './desk/check-database.ts';
import { checkGateway, checkMailServer, checkPublicUrl, checkSupplier } from './desk/check-outside.ts';
import type { Finding } from './domain/finding.ts';
import { defaultPolicy, resolvePolicy } from './domain/policy.ts';
import { hostsOf } from './ops-composition.ts';
import { createCashfreeGateway } from './payments/cashfree/cashfree-gateway.ts';
import type { PaymentGateway } from './payments/gateway.ts';
import { createRazorpayGateway } from './payments/razorpay/razorpay-gateway.ts';
import { PolicyError, readPolicyFile } from './policy-file.ts';
import { createSmartVpsClient } from './suppliers/smartvps/smartvps-client.ts';
import { checkTemporal } from './temporal/check-temporal.ts';
import { createTemporalClient } from './temporal/connection.ts';

/** Looks at every setting of worker and API and at everything they depend on, as far as `env` (default: ours) says it. */
export async function examine(env?: Record<string, string>): Promise<Finding[]> {
  const settings = {
    worker: settingsOf('worker', env),
    api: settingsOf('api', env),
    temporal: settingsOf('namespace', env),
    records: settingsOf('import', env),
  };
  const checks = [
    environmentFindings(Object.values(settings)),
    policyFindings(settings.records.config),
    temporalFindings(settings.temporal.config),
    databaseFindings(settings.records.config, settings.worker.config),
    outsideFindings(settings.worker.config, settings.api.config),
  ];
  return (await Promise.all(checks)).flat();
}

interface Settings<P extends Part> {
  config: Config<P> | null;
  problems: readonly string[];
}

function settingsOf<P extends Part>(part: P, env?: Record<string, string>): Settings<P> {
  try {
    return { config: readConfig(part, env), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: null, problems: error.problems };
  }
}

/** Where the settings of a part are not complete, it cannot be looked at. */
function notChecked(name: string): Finding[] {
  const remedy = 'Set the variables that are named above, then run it again.';
  return [{ name, level: 'warn', detail: 'not checked: its settings are not complete', remedy }];
}

async function environmentFindings(settings: readonly Settings<Part>[]): Promise<Finding[]> {
  const name = 'Environment';
  const problems = [...new Set(settings.flatMap((part) => part.problems))];
  const warnings = [...new Set(settings.flatMap((part) => part.config?.warnings ?? []))];
  const findings = [
    ...problems.map((detail): Finding => ({ name, level: 'fail', detail, remedy: null })),
    ...warnings.map((detail): Finding => ({ name, level: 'warn', detail, remedy: null })),
  ];
  if (problems.length > 0) return findings;
  const detail = 'worker and API have all that they ask for';
  return [{ name, level: 'ok', detail, remedy: null }, ...findings];
}

async function policyFindings(config: Config<'import'> | null): Promise<Finding[]> {
  const name = 'Policy';
  if (config === null) return notChecked(name);
  const { policyFile } = config;
  if (policyFile === null) {
    return [{ name, level: 'ok', detail: 'the defaults; POLICY_FILE is not set', remedy: null }];
  }
  try {
    resolvePolicy(await readPolicyFile({ path: policyFile }));
    return [{ name, level: 'ok', detail: `${policyFile} can be used`, remedy: null }];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map((problem) => ({
      name,
      level: 'fail',
      detail: `${policyFile}: ${problem}`,
      remedy: 'Correct the file; docs/operations.md lists its keys.',
    }));
  }
}

async function temporalFindings(config: Config<'namespace'> | null): Promise<Finding[]> {
  if (config === null) return notChecked('Temporal');
  const { address, namespace } = config.temporal;
  const client = createTemporalClient(config.temporal);
  try {
    return await checkTemporal({ client, address, namespace, now: () => new Date() });
  } finally {
    await client.connection.close();
  }
}

async function databaseFindings(
  config: Config<'import'> | null,
  worker: Config<'worker'> | null,
): Promise<Finding[]> {
  if (config === null) return notChecked('MongoDB');
  const { mongodbUri, mongodbDatabase } = config;
  const { client, db } = openDatabase({ uri: mongodbUri, name: mongodbDatabase });
  const keyIds = worker?.credentialsKeys.map(({ id }) => id) ?? null;
  try {
    return await checkDatabase({ db, hosts: hostsOf(mongodbUri), keyIds });
  } finally {
    await client.close();
  }
}

async function outsideFindings(
  worker: Config<'worker'> | null,
  api: Config<'api'> | null,
): Promise<Finding[]> {
  const workerFindings =
    worker === null
      ? notChecked('Supplier and mail server')
      : await Promise.all([supplierFinding(worker), checkMailServer(worker.mail)]);
  const apiFindings =
    api === null ? notChecked('Gateway') : await Promise.all([...gatewayFindings(api), checkPublicUrl(api)]);
  const unused = (worker?.hostycare ? ['HOSTYCARE'] : []).map((prefix): Finding => {
    const detail = `The ${prefix}_ variables are set, but nothing uses them yet.`;
    return { name: 'Environment', level: 'warn', detail, remedy: 'Leave them empty.' };
  });
  return [...workerFindings, ...apiFindings, ...unused];
}

async function supplierFinding({ smartvps }: Config<'worker'>): Promise<Finding> {
  const { longestPurchaseMs } = resolvePolicy(defaultPolicy);
  const supplier = createSmartVpsClient({ ...smartvps, longestPurchaseMs });
  try {
    return await checkSupplier(supplier);
  } finally {
    await supplier.close();
  }
}

/** Every gateway that is switched on. */
function gatewayFindings({ cashfree, razorpay }: Config<'api'>): Promise<Finding>[] {
  if (razorpay !== null) {
    return [gatewayFinding(createCashfreeGateway(cashfree)), gatewayFinding(createRazorpayGateway(razorpay))];
  }
  const detail = 'switched off: no RAZORPAY_ variable is set';
  const off: Finding = { name: 'Gateway razorpay', level: 'ok', detail, remedy: null };
  return [gatewayFinding(createCashfreeGateway(cashfree)), Promise.resolve(off)];
}

async function gatewayFinding(gateway: PaymentGateway & { close(): Promise<void> }): Promise<Finding> {
  try {
    return await checkGateway(gateway);
  } finally {
    await gateway.close();
  }
}
