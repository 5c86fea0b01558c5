import type { ServiceSecrets } from './service-secrets.ts';

/** The parts around an embedded service. */
export interface ServiceSurroundings {
  temporalAddress: string;
  temporalUi?: string;
  namespace: string;
  /** With the database's name. */
  mongodbUri: string;
  /** Null where none runs: then `given` names supplier, gateway and mail server. */
  simulator: {
    smartvpsBaseUrl: string;
    cashfreeBaseUrl: string;
    razorpayBaseUrl: string;
    smtpUrl: string;
  } | null;
  apiPort: number;
  secrets: ServiceSecrets;
  policyFile?: string;
  logLevel?: string;
  /** Variables that somebody has set: they win over the embedded values. */
  given?: Readonly<Record<string, string>>;
}

/** The variables of the service (design 16). */
const serviceVariables = [
  ...['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_UI_URL'],
  ...['TEMPORAL_TLS_CA', 'TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY', 'TEMPORAL_TLS_SERVER_NAME', 'MONGODB_URI'],
  ...['SMARTVPS_BASE_URL', 'SMARTVPS_API_PREFIX', 'SMARTVPS_USERNAME', 'SMARTVPS_PASSWORD'],
  ...['HOSTYCARE_BASE_URL', 'HOSTYCARE_EMAIL', 'HOSTYCARE_API_KEY'],
  ...['CASHFREE_BASE_URL', 'CASHFREE_CLIENT_ID', 'CASHFREE_CLIENT_SECRET'],
  ...['RAZORPAY_BASE_URL', 'RAZORPAY_KEY_ID', 'RAZORPAY_KEY_SECRET', 'RAZORPAY_WEBHOOK_SECRET'],
  ...['SMTP_URL', 'MAIL_FROM', 'ADMIN_EMAIL', 'PUBLIC_URL', 'PORT', 'STOREFRONT_TOKEN', 'ADMIN_TOKEN'],
  ...['SESSION_SECRET', 'CREDENTIALS_KEY', 'SHOP_TIME_ZONE', 'POLICY_FILE', 'LOG_LEVEL'],
];

/** What of the service's variables `env` sets; an empty one counts as unset. */
export function givenVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(serviceVariables.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** The whole environment of worker and API (design 16) for a service that runs against embedded parts. */
export function serviceEnvironment(around: ServiceSurroundings): Record<string, string> {
  const { secrets, given = {} } = around;
  return {
    TEMPORAL_ADDRESS: around.temporalAddress,
    TEMPORAL_NAMESPACE: around.namespace,
    ...(around.temporalUi ? { TEMPORAL_UI_URL: around.temporalUi } : {}),
    MONGODB_URI: around.mongodbUri,
    ...simulatedOutside(around),
    MAIL_FROM: 'Demo shop <shop@example.com>',
    ADMIN_EMAIL: 'admin@example.com',
    PUBLIC_URL: `http://127.0.0.1:${around.apiPort}`,
    PORT: String(around.apiPort),
    STOREFRONT_TOKEN: secrets.storefrontToken,
    ADMIN_TOKEN: secrets.adminToken,
    SESSION_SECRET: secrets.sessionSecret,
    CREDENTIALS_KEY: secrets.credentialsKey,
    LOG_LEVEL: around.logLevel ?? 'info',
    ...(around.policyFile ? { POLICY_FILE: around.policyFile } : {}),
    ...given,
  };
}

/** Logins of our own are never sent to somebody else's address: where that is given, its logins must be too. */
function simulatedOutside({ simulator, secrets, given = {} }: ServiceSurroundings): Record<string, string> {
  if (simulator === null) return {};
  const smartvps = {
    SMARTVPS_BASE_URL: simulator.smartvpsBaseUrl,
    SMARTVPS_USERNAME: 'demo-shop',
    SMARTVPS_PASSWORD: secrets.smartvpsPassword,
  };
  const cashfree = {
    CASHFREE_BASE_URL: simulator.cashfreeBaseUrl,
    CASHFREE_CLIENT_ID: 'demo-client',
    CASHFREE_CLIENT_SECRET: secrets.cashfreeClientSecret,
  };
  const razorpay = {
    RAZORPAY_BASE_URL: simulator.razorpayBaseUrl,
    RAZORPAY_KEY_ID: 'demo-key',
    RAZORPAY_KEY_SECRET: secrets.razorpayKeySecret,
    RAZORPAY_WEBHOOK_SECRET: secrets.razorpayWebhookSecret,
  };
  return {
    ...(given.SMARTVPS_BASE_URL ? {} : smartvps),
    ...(given.CASHFREE_BASE_URL ? {} : cashfree),
    // Play money beside a real gateway would pay for real servers.
    ...(given.CASHFREE_BASE_URL || isRazorpayGiven(given) ? {} : razorpay),
    SMTP_URL: simulator.smtpUrl,
  };
}

function isRazorpayGiven(given: Readonly<Record<string, string>>): boolean {
  return Object.keys(given).some((name) => name.startsWith('RAZORPAY_'));
}
