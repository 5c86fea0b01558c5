import type { CapturedPayment } from './payment.ts';

/** One thing that is wrong with a request: the member or header, and what is wrong: `is not a text.` */
export interface FieldProblem {
  field: string;
  message: string;
}

/** What a gateway's webhook is worth: only `payment` is money that moved; `ignored` deserves a 2xx. */
export type WebhookVerdict =
  | { kind: 'payment'; payment: CapturedPayment }
  | { kind: 'ignored'; why: string }
  | {
      kind: 'rejected';
      status: 400 | 401;
      problem: { type: 'bad-signature' | 'bad-webhook'; detail: string; errors: FieldProblem[] };
    };
