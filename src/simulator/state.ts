import { expandAddresses } from './addresses.ts';
import type { FaultDefinition, FaultRule, RefundOutcome } from './faults.ts';
import { type LatencyProfile, latencyProfiles } from './latency.ts';
import type { PurchaseCall } from './ledger.ts';
import { type ConfigPatch, defaultPackages, type PackageDefinition, type Scenario } from './scenario.ts';

/** Shares in [0, 1]: how often a quirk shows. */
export interface Quirks {
  ipstockEncodedTwice: number;
  statusEncodedTwice: number;
  textQuoted: number;
  numericStrings: number;
  /** `Usernane` instead of `Username`. */
  usernane: number;
}

export interface SimulatorConfig {
  latency: LatencyProfile;
  quirks: Quirks;
  /** Package that sells where the one asked for is exhausted and names no fallback of its own. */
  fallbackPackage: string | null;
  /** System a new server has, in `changeos` words. */
  defaultOs: string;
  smartvps: { prefix: string; username: string | null; password: string | null };
  cashfree: { clientId: string | null; clientSecret: string | null };
  razorpay: RazorpayConfig;
}

/** `webhookUrl` and `webhookSecret` are what a shop enters in the gateway's dashboard. */
export interface RazorpayConfig {
  keyId: string | null;
  keySecret: string | null;
  webhookSecret: string | null;
  webhookUrl: string | null;
}

export interface PackageState {
  id: number;
  name: string;
  status: string;
  /** Left to sell, in the order of selling. */
  addresses: string[];
  /** A frozen count that `ipstock` answers whatever is left. */
  ipv4Stale: number | null;
  fallback: string | null;
  neighbour: string | null;
  /** Each n-th sale comes from the neighbour. */
  neighbourEvery: number | null;
  sales: number;
  /** Every address the package ever listed. */
  everListed: string[];
}

export interface ServerState {
  address: string;
  package: string | null;
  callId: string | null;
  ramGb: string;
  os: string;
  username: string;
  password: string;
  /** Login and a system under change show from then on. */
  readyAt: string;
  /** The system that a running reinstall ends in. */
  nextOs: string | null;
  power: 'on' | 'off';
  expiryDate: string;
  /** Set once its month has ended: the account does not hold it any more. */
  hasExpired?: boolean;
  events: { at: string; what: string; detail: string | null }[];
  /** Every call that named this address, the latest last (bounded). */
  calls: { at: string; call: string }[];
}

export type PaymentStatus = 'SUCCESS' | 'FAILED' | 'USER_DROPPED';

export interface GatewayOrder {
  orderId: string;
  cfOrderId: string;
  sessionId: string;
  amountPaise: number;
  currency: string;
  status: 'ACTIVE' | 'PAID' | 'TERMINATED';
  createdAt: string;
  expiresAt: string;
  customer: Record<string, string | null>;
  notifyUrl: string | null;
  returnUrl: string | null;
}

export interface GatewayPayment {
  paymentId: string;
  orderId: string;
  amountPaise: number;
  currency: string;
  status: PaymentStatus;
  paidAt: string;
}

export interface GatewayRefund {
  refundId: string;
  cfRefundId: string;
  orderId: string;
  paymentId: string;
  amountPaise: number;
  currency: string;
  status: 'PENDING' | RefundOutcome;
  note: string | null;
  createdAt: string;
  processedAt: string | null;
  /** What it becomes, and when. */
  next: { status: RefundOutcome; at: string } | null;
}

export interface WebhookEvent {
  /** Missing: Cashfree. */
  gateway?: 'razorpay';
  eventId: string;
  type: string;
  orderId: string;
  paymentId: string | null;
  refundId: string | null;
  url: string;
  rawBody: string;
  badSignature: boolean;
  deliveries: WebhookDelivery[];
  nextAttemptAt: string | null;
}

export interface WebhookDelivery {
  at: string;
  /** HTTP status, or null where no answer came. */
  status: number | null;
  error?: string;
}

export interface CashfreeState {
  orders: GatewayOrder[];
  payments: GatewayPayment[];
  refunds: GatewayRefund[];
  webhooks: WebhookEvent[];
  learntSecret: string | null;
  replays: Record<string, { fingerprint: string; status: number; body: string }>;
}

export interface RazorpayOrder {
  id: string;
  amountPaise: number;
  currency: string;
  /** The shop's own id; the gateway does not keep it unique. */
  receipt: string | null;
  status: 'created' | 'attempted' | 'paid';
  notes: Record<string, string>;
  createdAt: string;
}

export interface RazorpayPayment {
  id: string;
  /** The gateway's id of the order. */
  orderId: string;
  amountPaise: number;
  currency: string;
  status: 'captured' | 'failed';
  createdAt: string;
}

export interface RazorpayRefund {
  id: string;
  paymentId: string;
  amountPaise: number;
  currency: string;
  /** The shop's own id. */
  receipt: string | null;
  status: 'pending' | 'processed' | 'failed';
  notes: Record<string, string>;
  createdAt: string;
  /** What it becomes, and when. */
  next: { status: 'processed' | 'failed'; at: string } | null;
}

export interface RazorpayState {
  orders: RazorpayOrder[];
  payments: RazorpayPayment[];
  refunds: RazorpayRefund[];
  webhooks: WebhookEvent[];
  /** Refunds by `X-Refund-Idempotency`. */
  replays: Record<string, { fingerprint: string; status: number; body: string }>;
}

export interface StoredMail {
  at: string;
  from: string;
  to: string[];
  subject: string;
  messageId: string;
  text: string;
  html: string;
  headers: { name: string; value: string }[];
}

/** Everything the simulator remembers, as plain JSON. */
export interface SimulatorState {
  version: 1;
  config: SimulatorConfig;
  randomState: number;
  sequence: number;
  packages: PackageState[];
  servers: Record<string, ServerState>;
  purchases: PurchaseCall[];
  callCounts: Record<string, number>;
  faults: FaultRule[];
  cashfree: CashfreeState;
  razorpay: RazorpayState;
  mails: StoredMail[];
}

const defaultConfig: SimulatorConfig = {
  latency: latencyProfiles.fast,
  quirks: {
    ipstockEncodedTwice: 0.8,
    statusEncodedTwice: 0.3,
    textQuoted: 0.5,
    numericStrings: 0.3,
    usernane: 0.7,
  },
  fallbackPackage: null,
  defaultOs: 'ubuntu',
  smartvps: { prefix: 'api/oceansmart', username: null, password: null },
  cashfree: { clientId: null, clientSecret: null },
  razorpay: { keyId: null, keySecret: null, webhookSecret: null, webhookUrl: null },
};

function emptyRazorpay(): RazorpayState {
  return { orders: [], payments: [], refunds: [], webhooks: [], replays: {} };
}

/** A state as it was saved, also by a version that had no Razorpay. */
export function withRazorpay(state: SimulatorState): SimulatorState {
  const { config, razorpay = emptyRazorpay() } = state as Partial<SimulatorState>;
  return { ...state, config: { ...defaultConfig, ...config }, razorpay };
}

/** A fresh world as a scenario describes it; throws a sentence where an address cannot be read. */
export function createState(scenario: Scenario): SimulatorState {
  const state: SimulatorState = {
    version: 1,
    config: applyConfig({ config: defaultConfig, patch: scenario }),
    randomState: scenario.seed ?? 1,
    sequence: 0,
    packages: (scenario.packages ?? defaultPackages).map(createPackage),
    servers: {},
    purchases: [],
    callCounts: {},
    faults: [],
    cashfree: { orders: [], payments: [], refunds: [], webhooks: [], learntSecret: null, replays: {} },
    razorpay: emptyRazorpay(),
    mails: [],
  };
  for (const server of scenario.servers ?? []) {
    state.servers[server.address] = {
      address: server.address,
      package: server.package ?? null,
      callId: null,
      ramGb: server.ramGb ?? '4',
      os: server.os ?? state.config.defaultOs,
      username: 'root',
      password: `older-${server.address}`,
      readyAt: new Date(0).toISOString(),
      nextOs: null,
      power: 'on',
      expiryDate: server.expiryDate ?? '2099-01-01',
      events: [],
      calls: [],
    };
  }
  addFaults({ state, faults: scenario.faults ?? [] });
  return state;
}

export function createPackage(definition: PackageDefinition): PackageState {
  const addresses = expandAddresses(definition.addresses);
  return {
    id: definition.id,
    name: definition.name,
    status: definition.status ?? 'active',
    addresses,
    ipv4Stale: definition.ipv4Stale ?? null,
    fallback: definition.fallback ?? null,
    neighbour: definition.neighbour ?? null,
    neighbourEvery: definition.neighbourEvery ?? null,
    sales: 0,
    everListed: [...addresses],
  };
}

/** Adds rules and answers them with their ids; a rule with a known id replaces that one. */
export function addFaults({ state, faults }: { state: SimulatorState; faults: readonly FaultDefinition[] }) {
  return faults.map((definition) => {
    state.sequence += 1;
    const { call, when = {} } = definition;
    const rule: FaultRule = {
      id: definition.id ?? `fault-${state.sequence}`,
      call,
      when,
      do: definition.do,
      seen: 0,
      fired: 0,
    };
    state.faults = [...state.faults.filter((known) => known.id !== rule.id), rule];
    return rule;
  });
}

/** The configuration with a patch laid over it; a named profile comes first, single times after it. */
export function applyConfig({
  config,
  patch,
}: {
  config: SimulatorConfig;
  patch: ConfigPatch;
}): SimulatorConfig {
  const profile = patch.profile === undefined ? config.latency : latencyProfiles[patch.profile];
  return {
    latency: { ...profile, ...patch.latency },
    quirks: { ...config.quirks, ...patch.quirks },
    fallbackPackage: patch.fallbackPackage === undefined ? config.fallbackPackage : patch.fallbackPackage,
    defaultOs: patch.defaultOs ?? config.defaultOs,
    smartvps: { ...config.smartvps, ...patch.smartvps },
    cashfree: { ...config.cashfree, ...patch.cashfree },
    razorpay: { ...config.razorpay, ...patch.razorpay },
  };
}
