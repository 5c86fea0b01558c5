import type { CapturedPayment } from '../../src/domain/payment.ts';

/** Id of the workflow that settles a payment which arrived after its order's workflow had ended. */
export function settlePaymentWorkflowId(input: { gateway: string; paymentId: string }): string {
  return `payment-${input.gateway}-${input.paymentId}`;
}

export interface SettlePaymentInput {
  payment: CapturedPayment;
}
