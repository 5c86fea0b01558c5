import type { ServiceSecrets } from './service-secrets.ts';

/** The parts around an embedded service. */
export interface ServiceSurroundings {
  temporalAddress: string;
  temporalUi?: string;
  namespace: string;
  /** With the database's name. */
  mongodbUri: string;
  simulator: { smartvpsBaseUrl: string; cashfreeBaseUrl: string; smtpUrl: string };
  apiPort: number;
  secrets: ServiceSecrets;
  policyFile?: string;
  logLevel?: string;
}

/** The whole environment of worker and API (design 16) for a service that runs against embedded parts. */
export function serviceEnvironment(around: ServiceSurroundings): Record<string, string> {
  const { secrets, simulator } = around;
  return {
    TEMPORAL_ADDRESS: around.temporalAddress,
    TEMPORAL_NAMESPACE: around.namespace,
    ...(around.temporalUi ? { TEMPORAL_UI_URL: around.temporalUi } : {}),
    MONGODB_URI: around.mongodbUri,
    SMARTVPS_BASE_URL: simulator.smartvpsBaseUrl,
    SMARTVPS_USERNAME: 'demo-shop',
    SMARTVPS_PASSWORD: secrets.smartvpsPassword,
    CASHFREE_BASE_URL: simulator.cashfreeBaseUrl,
    CASHFREE_CLIENT_ID: 'demo-client',
    CASHFREE_CLIENT_SECRET: secrets.cashfreeClientSecret,
    SMTP_URL: simulator.smtpUrl,
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
  };
}
