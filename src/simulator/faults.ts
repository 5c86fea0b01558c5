export const smartvpsCalls = [
  'ipstock',
  'buyvps',
  'status',
  'start',
  'stop',
  'format',
  'changeos',
  'renewvps',
] as const;
export type SmartvpsCall = (typeof smartvpsCalls)[number];

const cashfreeCalls = [
  'cashfree.createOrder',
  'cashfree.getOrder',
  'cashfree.terminateOrder',
  'cashfree.getPayments',
  'cashfree.createRefund',
  'cashfree.getRefund',
] as const;
export type CashfreeCall = (typeof cashfreeCalls)[number];

const razorpayCalls = [
  'razorpay.createOrder',
  'razorpay.listOrders',
  'razorpay.getOrder',
  'razorpay.getPayments',
  'razorpay.createRefund',
  'razorpay.listRefunds',
] as const;
export type RazorpayCall = (typeof razorpayCalls)[number];

/** Calls that a gateway makes to the shop. */
export type WebhookCall = 'cashfree.webhook' | 'razorpay.webhook';

/** What a rule may name; `*` is every SmartVPS call, `cashfree.*` and `razorpay.*` every call of that gateway. */
export type FaultCall =
  | SmartvpsCall
  | CashfreeCall
  | RazorpayCall
  | WebhookCall
  | 'mail'
  | '*'
  | 'cashfree.*'
  | 'razorpay.*';

export type RefundOutcome = 'SUCCESS' | 'CANCELLED' | 'ONHOLD';

/** `afterSale`: once the call has taken effect (sold, stored), else before anything happens. */
export type FaultAction =
  | { kind: 'dropBefore' }
  | { kind: 'answerLost' }
  | { kind: 'neverAnswer' }
  | { kind: 'slowDrip'; ms: number }
  | { kind: 'garbage'; text?: string }
  | { kind: 'status'; status: number; afterSale?: boolean }
  | { kind: 'delay'; ms: number; afterSale?: boolean }
  | { kind: 'hugeBody'; bytes?: number }
  | { kind: 'redirect'; location?: string }
  | { kind: 'encoding'; depth: number }
  | { kind: 'numericString' }
  | { kind: 'errorText'; reason: string; sold?: boolean }
  | { kind: 'twoAddresses' }
  | { kind: 'neighbourPackage'; package?: string }
  | { kind: 'sellAddress'; address: string }
  | { kind: 'exhaustMidOrder' }
  | { kind: 'credentialsLate'; ms: number }
  | { kind: 'renamePackage'; from?: string; to: string }
  | { kind: 'refundOutcome'; status: RefundOutcome; ms?: number }
  | { kind: 'refusePartialRefund' };

export type FaultKind = FaultAction['kind'];

export interface FaultCondition {
  /** Only the n-th matching call since the rule was set, counted from 1. */
  nth?: number;
  /** Each k-th matching call. */
  every?: number;
  /** The package asked for, or the one an address belongs to. */
  package?: string;
  /** The server's address; for `mail` the recipient. */
  address?: string;
  /** At most so many times. */
  times?: number;
}

export interface FaultDefinition {
  id?: string;
  call: FaultCall;
  when?: FaultCondition;
  do: FaultAction;
}

export interface FaultRule {
  id: string;
  call: FaultCall;
  when: FaultCondition;
  do: FaultAction;
  /** Calls that met the conditions on call, package and address. */
  seen: number;
  /** Times the rule really changed what happened. */
  fired: number;
}

export interface CallSubject {
  call: Exclude<FaultCall, '*' | 'cashfree.*' | 'razorpay.*'>;
  package?: string | undefined;
  address?: string | undefined;
}

/** The faults that one call meets. `take` claims one for good; `end` gives back those the call never came to. */
export interface FaultPlan {
  take<K extends FaultKind>(
    kind: K,
    accept?: (action: Extract<FaultAction, { kind: K }>) => boolean,
  ): Extract<FaultAction, { kind: K }> | undefined;
  end(): void;
}

const transportKinds: readonly FaultKind[] = [
  'dropBefore',
  'answerLost',
  'neverAnswer',
  'slowDrip',
  'garbage',
  'status',
  'delay',
  'hugeBody',
  'redirect',
];
const textKinds: readonly FaultKind[] = [...transportKinds, 'encoding', 'errorText'];

/** The kinds that mean something for a call: a rule of another kind could count as set and never do anything. */
export function kindsOf(call: FaultCall): readonly FaultKind[] {
  if (call === 'mail') return ['status', 'delay'];
  if (call === 'cashfree.webhook' || call === 'razorpay.webhook') return ['dropBefore', 'delay'];
  if (call === 'cashfree.createRefund' || call === 'razorpay.createRefund')
    return [...transportKinds, 'refundOutcome', 'refusePartialRefund'];
  if (call === '*') return textKinds;
  if (call.startsWith('cashfree.') || call.startsWith('razorpay.')) return transportKinds;
  if (call === 'ipstock') return [...textKinds, 'numericString', 'renamePackage'];
  if (call === 'status' || call === 'changeos' || call === 'format') return [...textKinds, 'credentialsLate'];
  if (call !== 'buyvps') return textKinds;
  return [
    ...textKinds,
    'twoAddresses',
    'neighbourPackage',
    'sellAddress',
    'exhaustMidOrder',
    'credentialsLate',
    'renamePackage',
  ];
}

export function isFaultCall(value: unknown): value is FaultCall {
  const known: readonly string[] = [
    ...smartvpsCalls,
    ...cashfreeCalls,
    ...razorpayCalls,
    'cashfree.webhook',
    'razorpay.webhook',
    'mail',
    '*',
    'cashfree.*',
    'razorpay.*',
  ];
  return typeof value === 'string' && known.includes(value);
}

// Claims of calls that still run; kept beside the saved rules, because no call outlives the process.
const claims = new WeakMap<FaultRule, number>();

/** Counts the call on every rule that fits it and claims those whose turn it is. */
export function planFaults({ rules, subject }: { rules: FaultRule[]; subject: CallSubject }): FaultPlan {
  const claimed = rules.filter((rule) => fits(rule, subject) && claimTurn(rule));
  return {
    take: (kind, accept = () => true) => {
      for (const [index, rule] of claimed.entries()) {
        const action = rule.do;
        if (!isKind(action, kind) || !accept(action)) continue;
        claimed.splice(index, 1);
        giveBack(rule);
        rule.fired += 1;
        return action;
      }
      return undefined;
    },
    end: () => {
      for (const rule of claimed.splice(0)) giveBack(rule);
    },
  };
}

function isKind<K extends FaultKind>(
  action: FaultAction,
  kind: K,
): action is Extract<FaultAction, { kind: K }> {
  return action.kind === kind;
}

function fits({ call, when }: FaultRule, subject: CallSubject): boolean {
  if (when.package !== undefined && when.package !== subject.package) return false;
  if (when.address !== undefined && when.address !== subject.address) return false;
  if (call === '*') return smartvpsCalls.some((known) => known === subject.call);
  if (call === 'cashfree.*') return cashfreeCalls.some((known) => known === subject.call);
  if (call === 'razorpay.*') return razorpayCalls.some((known) => known === subject.call);
  return call === subject.call;
}

function claimTurn(rule: FaultRule): boolean {
  rule.seen += 1;
  const { nth, every, times } = rule.when;
  if (nth !== undefined && rule.seen !== nth) return false;
  if (every !== undefined && rule.seen % every !== 0) return false;
  const running = claims.get(rule) ?? 0;
  if (times !== undefined && rule.fired + running >= times) return false;
  claims.set(rule, running + 1);
  return true;
}

function giveBack(rule: FaultRule): void {
  claims.set(rule, (claims.get(rule) ?? 1) - 1);
}
