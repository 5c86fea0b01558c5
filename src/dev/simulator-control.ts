import type { PayAnswer, PayInput } from '../simulator/cashfree-ledger.ts';
import type { CashfreeReport, LedgerReport, RazorpayReport } from '../simulator/control.ts';
import type { FaultDefinition, FaultRule, RefundOutcome } from '../simulator/faults.ts';
import type { RazorpayPayInput } from '../simulator/razorpay-ledger.ts';
import type { ConfigPatch, PackageDefinition, Scenario } from '../simulator/scenario.ts';
import type {
  GatewayOrder,
  GatewayRefund,
  PackageState,
  RazorpayRefund,
  ServerState,
  SimulatorConfig,
  StoredMail,
} from '../simulator/state.ts';

export type SimulatorControl = ReturnType<typeof createSimulatorControl>;

/** Steers a running simulator over HTTP, in this process or another. A refusal throws with the simulator's sentence. */
export function createSimulatorControl(controlUrl: string) {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${controlUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`Failed to ${method} ${path} at the simulator: ${refusalOf(answer)}`);
    return answer as T;
  };
  return {
    /** Forgets everything and begins the scenario. */
    reset: async (scenario: Scenario = {}) => {
      await call('POST', '/reset', scenario);
    },
    ledger: () => call<LedgerReport>('GET', '/ledger'),
    /** One server of the supplier account with its login. */
    server: (address: string) => call<ServerState>('GET', `/servers/${address}`),
    expireServer: (address: string) => call<ServerState>('POST', `/servers/${address}/expire`),
    config: () => call<SimulatorConfig>('GET', '/config'),
    setConfig: (patch: ConfigPatch) => call<SimulatorConfig>('PATCH', '/config', patch),
    packages: () => call<PackageState[]>('GET', '/packages'),
    setPackages: (packages: PackageDefinition[]) => call<PackageState[]>('PUT', '/packages', packages),
    /** Changes what is given; `name` renames. */
    updatePackage: (name: string, patch: Partial<PackageDefinition>) =>
      call<PackageState>('PATCH', `/packages/${encodeURIComponent(name)}`, patch),
    faults: () => call<FaultRule[]>('GET', '/faults'),
    addFaults: (...faults: FaultDefinition[]) => call<FaultRule[]>('POST', '/faults', faults),
    replaceFaults: (...faults: FaultDefinition[]) => call<FaultRule[]>('PUT', '/faults', faults),
    clearFaults: (id?: string) => call<FaultRule[]>('DELETE', id === undefined ? '/faults' : `/faults/${id}`),
    cashfree: () => call<CashfreeReport>('GET', '/cashfree'),
    pay: (input: PayInput) => call<PayAnswer>('POST', '/cashfree/pay', input),
    redeliver: (input: { paymentId: string; times?: number; together?: boolean }) =>
      call<PayAnswer>('POST', '/cashfree/redeliver', input),
    settleRefund: (input: { orderId: string; refundId: string; status: RefundOutcome }) =>
      call<GatewayRefund>('POST', '/cashfree/refunds', input),
    expireOrder: (orderId: string) => call<GatewayOrder>('POST', '/cashfree/expire', { orderId }),
    razorpay: () => call<RazorpayReport>('GET', '/razorpay'),
    payRazorpay: (input: RazorpayPayInput) => call<PayAnswer>('POST', '/razorpay/pay', input),
    redeliverRazorpay: (input: { paymentId: string; times?: number; together?: boolean }) =>
      call<PayAnswer>('POST', '/razorpay/redeliver', input),
    settleRazorpayRefund: (input: { refundId: string; status: 'processed' | 'failed' }) =>
      call<RazorpayRefund>('POST', '/razorpay/refunds', input),
    /** `to` is a whole address, `subject` a part of it. */
    mails: (filter: { to?: string; subject?: string } = {}) =>
      call<StoredMail[]>('GET', `/mails?${new URLSearchParams(filter)}`),
    clearMails: () => call<StoredMail[]>('DELETE', '/mails'),
    /** Answers the next mails with 451. */
    rejectMails: (times: number) =>
      call<FaultRule[]>('POST', '/faults', [
        { call: 'mail', when: { times }, do: { kind: 'status', status: 451 } } satisfies FaultDefinition,
      ]),
  };
}

function refusalOf(answer: unknown): string {
  if (typeof answer === 'object' && answer !== null && 'error' in answer) return String(answer.error);
  return JSON.stringify(answer);
}
