import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  orderTaskQueue,
  orderWorkflowId,
  paymentReceivedSignal,
} from '../../workflows/contract/provision-order.ts';
import { type SettlePaymentInput, settlePaymentWorkflowId } from '../../workflows/contract/settle-payment.ts';
import type { CapturedPayment } from '../domain/payment.ts';
import { TemporalUnavailable } from './connection.ts';
import { findGrpcStatus } from './service-error.ts';

const acceptWithinMs = 8_000;

/**
 * The one durable step of a webhook: signal-with-start of the order's workflow. An order whose workflow has
 * completed gets the payment settled by a workflow of its own. A repeat of the same payment changes nothing.
 * @throws TemporalUnavailable where nothing durable happened: the gateway must send it again.
 */
export function createPaymentAcceptor(client: Client): (payment: CapturedPayment) => Promise<void> {
  return async (payment) => {
    try {
      await client.withDeadline(Date.now() + acceptWithinMs, () => accept(client, payment));
    } catch (error) {
      if (findGrpcStatus(error) === undefined) throw error;
      throw new TemporalUnavailable(`Failed to take payment ${payment.paymentId}: Temporal did not answer.`);
    }
  };
}

async function accept(client: Client, payment: CapturedPayment): Promise<void> {
  const { orderId } = payment;
  try {
    await client.workflow.signalWithStart('provisionOrder', {
      workflowId: orderWorkflowId(orderId),
      taskQueue: orderTaskQueue,
      args: [{ orderId }],
      signal: paymentReceivedSignal.name,
      signalArgs: [payment],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: `Order ${orderId}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await settleApart(client, payment);
  }
}

async function settleApart(client: Client, payment: CapturedPayment): Promise<void> {
  try {
    await client.workflow.start('settlePayment', {
      workflowId: settlePaymentWorkflowId(payment),
      taskQueue: orderTaskQueue,
      args: [{ payment } satisfies SettlePaymentInput],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Payment ${payment.paymentId} of order ${payment.orderId}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
