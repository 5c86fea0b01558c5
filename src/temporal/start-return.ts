import type { Client } from '@temporalio/client';
import {
  type ReturnPaymentInput,
  returnPaymentType,
  returnPaymentWorkflowId,
} from '../../workflows/contract/return-payment.ts';
import { type StartedOnce, startOnce } from './start-once.ts';

/** Starts the return of a payment; one that runs stays the only one, one that has ended is followed by another. */
export function startReturn(client: Client, { paymentKey }: ReturnPaymentInput): Promise<StartedOnce> {
  return startOnce(client, {
    workflowType: returnPaymentType,
    workflowId: returnPaymentWorkflowId(paymentKey),
    argument: { paymentKey },
    staticSummary: `Give payment ${paymentKey} back`,
  });
}
