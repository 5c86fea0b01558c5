import {
  ApplicationFailure,
  type Client,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import {
  refundedByHandUpdate,
  retryRefundUpdate,
  returnPaymentWorkflowId,
} from '../../workflows/contract/return-payment.ts';
import type { Collections } from '../database.ts';
import type { BookVerdict } from '../domain/verdict.ts';
import { startReturn } from './start-return.ts';

interface ReturnWish {
  paymentKey: string;
  by: string;
  reason: string | null;
  /** Of a transfer outside the gateway; null asks the gateway again. */
  reference?: string | null;
}

/**
 * Decides about a payment that the gateway does not give back: its workflow records the act and answers. Where no
 * workflow runs although money is owed, it is started, and asks the gateway first.
 */
export async function steerReturn(
  { client, db }: { client: Client; db: Pick<Collections, 'payments'> },
  { paymentKey, by, reason, reference = null }: ReturnWish,
): Promise<BookVerdict> {
  const payment = await db.payments.findOne({ _id: paymentKey });
  if (!payment) return { kind: 'refused', sentence: 'There is no such payment. See `payments list`.' };
  if (payment.owedBack !== true)
    return { kind: 'refused', sentence: 'Nothing of it is owed to the customer.' };
  const handle = client.workflow.getHandle(returnPaymentWorkflowId(paymentKey));
  const said = { by, ...(reason === null ? {} : { reason }) };
  try {
    const { next } =
      reference === null
        ? await handle.executeUpdate(retryRefundUpdate, { args: [said] })
        : await handle.executeUpdate(refundedByHandUpdate, { args: [{ ...said, reference }] });
    return { kind: 'accepted', next };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      return { kind: 'refused', sentence: error.cause.message };
    }
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await startReturn(client, { paymentKey });
    return {
      kind: 'accepted',
      next: 'Nobody was at it: the gateway is asked now. See `payments list` in a moment.',
    };
  }
}
