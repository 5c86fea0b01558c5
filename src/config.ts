import { z } from 'zod';
import {
  credentialsKeys,
  databaseNameOf,
  databaseUrl,
  emailAddress,
  fileContent,
  httpUrl,
  isUrlOf,
  logLevels,
  mailbox,
  originUrl,
  ownSecret,
  port,
  text,
  timeZone,
} from './config-fields.ts';

export type { LogLevel } from './config-fields.ts';

/** The environment lacks or misstates something: every problem at once, each with its way out, no secret in it. */
export class ConfigError extends Error {
  readonly code = 'badEnvironment';
  readonly problems: readonly string[];

  constructor(part: string, problems: readonly string[]) {
    super(
      `Failed to start ${part === 'import' ? 'the command' : part}: the environment is not complete.\n${problems.map((p) => `- ${p}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Environment = Record<string, string | undefined>;

const sections = {
  temporal: z
    .object({
      TEMPORAL_ADDRESS: text('host:port of the Temporal server, e.g. 127.0.0.1:7233').regex(
        /^[^\s/:]+:\d{1,5}$|^\[[^\]\s]+\]:\d{1,5}$/,
        {
          error: 'is not of the form host:port. Set it to e.g. 127.0.0.1:7233, without a scheme.',
        },
      ),
      TEMPORAL_NAMESPACE: z.string().default('default'),
      TEMPORAL_API_KEY: z.string().optional(),
      TEMPORAL_TLS_CA: fileContent.optional(),
      TEMPORAL_TLS_CERT: fileContent.optional(),
      TEMPORAL_TLS_KEY: fileContent.optional(),
      TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
    })
    .transform((env, context) => ({
      temporal: {
        address: env.TEMPORAL_ADDRESS,
        namespace: env.TEMPORAL_NAMESPACE,
        ...(env.TEMPORAL_API_KEY === undefined ? {} : { apiKey: env.TEMPORAL_API_KEY }),
        tls: temporalTls(env, context),
      },
    })),
  mongodb: z.object({ MONGODB_URI: databaseUrl }).transform((env) => ({
    mongodbUri: env.MONGODB_URI,
    mongodbDatabase: databaseNameOf(env.MONGODB_URI),
  })),
  smartvps: z
    .object({
      SMARTVPS_BASE_URL: httpUrl('the address of SmartVPS'),
      SMARTVPS_API_PREFIX: z.string().default('api/oceansmart'),
      SMARTVPS_USERNAME: text('the SmartVPS account'),
      SMARTVPS_PASSWORD: text("the SmartVPS account's password"),
    })
    .transform((env) => ({
      smartvps: {
        baseUrl: env.SMARTVPS_BASE_URL,
        apiPrefix: env.SMARTVPS_API_PREFIX.replace(/^\/+|\/+$/g, ''),
        username: env.SMARTVPS_USERNAME,
        password: env.SMARTVPS_PASSWORD,
      },
    })),
  hostycare: z
    .object({
      HOSTYCARE_BASE_URL: httpUrl('the address of Hostycare'),
      HOSTYCARE_EMAIL: text("the reseller's mail address"),
      HOSTYCARE_API_KEY: text("the reseller's API key"),
    })
    .transform((env) => ({
      baseUrl: env.HOSTYCARE_BASE_URL,
      email: env.HOSTYCARE_EMAIL,
      apiKey: env.HOSTYCARE_API_KEY,
    })),
  cashfree: z
    .object({
      CASHFREE_BASE_URL: httpUrl('the address of Cashfree'),
      CASHFREE_CLIENT_ID: text("Cashfree's client id"),
      CASHFREE_CLIENT_SECRET: text("Cashfree's client secret"),
    })
    .transform((env) => ({
      cashfree: {
        baseUrl: env.CASHFREE_BASE_URL,
        clientId: env.CASHFREE_CLIENT_ID,
        clientSecret: env.CASHFREE_CLIENT_SECRET,
      },
    })),
  razorpay: z
    .object({
      RAZORPAY_BASE_URL: httpUrl('the address of Razorpay'),
      RAZORPAY_KEY_ID: text("Razorpay's key id"),
      RAZORPAY_KEY_SECRET: text("Razorpay's key secret"),
      RAZORPAY_WEBHOOK_SECRET: text("the secret of Razorpay's webhook"),
    })
    .transform((env) => ({
      baseUrl: env.RAZORPAY_BASE_URL,
      keyId: env.RAZORPAY_KEY_ID,
      keySecret: env.RAZORPAY_KEY_SECRET,
      webhookSecret: env.RAZORPAY_WEBHOOK_SECRET,
    })),
  mail: z
    .object({
      SMTP_URL: text('a mail server, e.g. smtp://user:password@mail.example.com:587').refine(
        (value) => isUrlOf(value, ['smtp:', 'smtps:']),
        { error: 'is not an smtp or smtps address. Use e.g. smtp://user:password@mail.example.com:587.' },
      ),
      MAIL_FROM: mailbox("the shop's mail address"),
      ADMIN_EMAIL: emailAddress("the admin's mail address"),
    })
    .transform((env) => ({
      mail: { smtpUrl: env.SMTP_URL, from: env.MAIL_FROM, adminEmail: env.ADMIN_EMAIL },
    })),
  workflowCache: z
    .object({
      WORKFLOW_CACHE_SIZE: z
        .string()
        .regex(/^\d{1,6}$/, { error: 'is no whole number from 0 to 999999.' })
        .optional(),
    })
    .transform((env) => ({
      maxCachedWorkflows: env.WORKFLOW_CACHE_SIZE === undefined ? null : Number(env.WORKFLOW_CACHE_SIZE),
    })),
  publicUrl: z
    .object({ PUBLIC_URL: originUrl('the address under which people and gateways reach the API') })
    .transform((env) => ({ publicUrl: env.PUBLIC_URL })),
  http: z
    .object({
      PORT: port,
      STOREFRONT_TOKEN: ownSecret("the storefront's bearer token"),
      ADMIN_TOKEN: ownSecret("the admins' bearer token"),
      SESSION_SECRET: ownSecret("a secret that signs sessions and customers' links"),
    })
    .transform((env, context) => {
      if (env.STOREFRONT_TOKEN === env.ADMIN_TOKEN) {
        context.addIssue({
          code: 'custom',
          path: ['ADMIN_TOKEN'],
          message: 'equals STOREFRONT_TOKEN. Give the admins a token of their own.',
        });
      }
      return {
        http: {
          port: env.PORT,
          storefrontToken: env.STOREFRONT_TOKEN,
          adminToken: env.ADMIN_TOKEN,
          sessionSecret: env.SESSION_SECRET,
        },
      };
    }),
  links: z
    .object({ SESSION_SECRET: ownSecret("a secret that signs sessions and customers' links") })
    .transform((env) => ({ linkSecret: env.SESSION_SECRET })),
  credentialsKeys: z
    .object({ CREDENTIALS_KEY: credentialsKeys })
    .transform((env) => ({ credentialsKeys: env.CREDENTIALS_KEY })),
  shop: z
    .object({
      SHOP_TIME_ZONE: timeZone,
      POLICY_FILE: z.string().optional(),
      TEMPORAL_UI_URL: httpUrl("the address of Temporal's Web UI").optional(),
    })
    .transform((env) => ({
      shopTimeZone: env.SHOP_TIME_ZONE,
      policyFile: env.POLICY_FILE ?? null,
      temporalUiUrl: env.TEMPORAL_UI_URL ?? null,
    })),
  log: z
    .object({
      LOG_LEVEL: z
        .enum(logLevels, { error: `is not a level. Use one of ${logLevels.join(', ')}.` })
        .default('info'),
    })
    .transform((env) => ({ logLevel: env.LOG_LEVEL })),
};

interface TlsEnvironment {
  TEMPORAL_API_KEY?: string | undefined;
  TEMPORAL_TLS_CA?: Uint8Array | undefined;
  TEMPORAL_TLS_CERT?: Uint8Array | undefined;
  TEMPORAL_TLS_KEY?: Uint8Array | undefined;
  TEMPORAL_TLS_SERVER_NAME?: string | undefined;
}

/** What the Temporal SDK takes as `tls`; false where nothing asks for TLS. */
export interface TemporalTls {
  serverRootCACertificate?: Uint8Array;
  clientCertPair?: { crt: Uint8Array; key: Uint8Array };
  serverNameOverride?: string;
}

function temporalTls(env: TlsEnvironment, context: z.RefinementCtx): TemporalTls | boolean {
  const { TEMPORAL_TLS_CA: ca, TEMPORAL_TLS_CERT: crt, TEMPORAL_TLS_KEY: key } = env;
  if ((crt === undefined) !== (key === undefined)) {
    context.addIssue({
      code: 'custom',
      path: [crt === undefined ? 'TEMPORAL_TLS_CERT' : 'TEMPORAL_TLS_KEY'],
      message: 'is missing: TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY are set together or not at all.',
    });
  }
  const tls: TemporalTls = {
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    ...(env.TEMPORAL_TLS_SERVER_NAME === undefined
      ? {}
      : { serverNameOverride: env.TEMPORAL_TLS_SERVER_NAME }),
  };
  return Object.keys(tls).length > 0 ? tls : env.TEMPORAL_API_KEY !== undefined;
}

type SectionName = keyof typeof sections;

/** Sections that are off while none of their variables is set. */
type OptionalSection = 'hostycare' | 'razorpay';

/** What each part asks for; `api` includes what the pages need. */
const parts = {
  worker: [
    'temporal',
    'workflowCache',
    'mongodb',
    'smartvps',
    'hostycare',
    'cashfree',
    'razorpay',
    'mail',
    'publicUrl',
    'links',
    'credentialsKeys',
    'shop',
    'log',
  ],
  api: ['temporal', 'mongodb', 'cashfree', 'razorpay', 'publicUrl', 'http', 'credentialsKeys', 'shop', 'log'],
  ops: ['temporal', 'mongodb', 'shop', 'log'],
  import: ['mongodb', 'shop', 'log'],
  namespace: ['temporal', 'shop', 'log'],
} as const satisfies Record<string, readonly SectionName[]>;

/** A process that is started by itself. */
export type Part = keyof typeof parts;

type Output<Name extends SectionName> = Name extends OptionalSection
  ? { [Key in Name]: null | z.output<(typeof sections)[Name]> }
  : z.output<(typeof sections)[Name]>;
type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;
type Each<Name> = Name extends SectionName ? Output<Name> : never;

/** The configuration of a part; `warnings` are sentences to log once the logger is there. */
export type Config<P extends Part> = Intersection<Each<(typeof parts)[P][number]>> & { warnings: string[] };

const optionalSections: Record<OptionalSection, string> = { hostycare: 'HOSTYCARE', razorpay: 'RAZORPAY' };

function isOptional(name: SectionName): name is OptionalSection {
  return name in optionalSections;
}

/**
 * Reads what `part` needs from the environment, the only place that does. An empty variable counts as unset.
 * Throws one `ConfigError` that names every problem; values never appear in it.
 */
export function readConfig<P extends Part>(part: P, env: Environment = process.env): Config<P> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  for (const name of parts[part]) {
    const result = readSection(name, given);
    if (result.success) Object.assign(config, result.data);
    else problems.push(...result.problems);
  }
  if (problems.length > 0) throw new ConfigError(part, problems);
  return { ...config, warnings: plainHttpWarnings(part, given) } as Config<P>;
}

type SectionResult = { success: true; data: object } | { success: false; problems: string[] };

function readSection(name: SectionName, env: Environment): SectionResult {
  const prefix = isOptional(name) ? optionalSections[name] : null;
  const isOff = prefix !== null && !Object.keys(env).some((variable) => variable.startsWith(`${prefix}_`));
  if (isOff) return { success: true, data: { [name]: null } };
  const result = sections[name].safeParse(env);
  if (result.success) return { success: true, data: prefix === null ? result.data : { [name]: result.data } };
  const together = prefix === null ? '' : ` Or unset every ${prefix}_ variable to switch that part off.`;
  return {
    success: false,
    problems: result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}${together}`),
  };
}

const addressVariables = {
  smartvps: ['SMARTVPS_BASE_URL'],
  hostycare: ['HOSTYCARE_BASE_URL'],
  cashfree: ['CASHFREE_BASE_URL'],
  razorpay: ['RAZORPAY_BASE_URL'],
  publicUrl: ['PUBLIC_URL'],
  shop: ['TEMPORAL_UI_URL'],
} as const satisfies Partial<Record<SectionName, readonly string[]>>;

function plainHttpWarnings(part: Part, env: Environment): string[] {
  return parts[part]
    .flatMap((name): readonly string[] =>
      name in addressVariables ? addressVariables[name as keyof typeof addressVariables] : [],
    )
    .filter((variable) => isPlainHttpBeyondLoopback(env[variable]))
    .map(
      (variable) =>
        `${variable} is an http address beyond this machine: what is sent there can be read on the way. Use https.`,
    );
}

function isPlainHttpBeyondLoopback(value: string | undefined): boolean {
  if (value === undefined || !isUrlOf(value, ['http:'])) return false;
  const { hostname } = new URL(value);
  return !(hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname));
}
