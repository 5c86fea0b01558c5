import { decimalRupees, rupeesOf, stringifyWithDecimals } from './rupees.ts';
import type { GatewayOrder, GatewayPayment, GatewayRefund, PaymentStatus } from './state.ts';

// Shapes as in Cashfree's public reference for API version 2025-01-01.
export const apiVersion = '2025-01-01';

export function orderJson(order: GatewayOrder): Record<string, unknown> {
  return {
    cart_details: null,
    cf_order_id: order.cfOrderId,
    created_at: indianTime(order.createdAt),
    customer_details: order.customer,
    entity: 'order',
    order_amount: rupeesOf(order.amountPaise),
    order_currency: order.currency,
    order_expiry_time: indianTime(order.expiresAt),
    order_id: order.orderId,
    order_meta: { return_url: order.returnUrl, notify_url: order.notifyUrl, payment_methods: null },
    order_note: null,
    order_splits: [],
    order_status: orderStatus(order),
    order_tags: null,
    payment_session_id: order.sessionId,
    terminal_data: null,
  };
}

export function orderStatus(order: GatewayOrder): string {
  return order.status === 'ACTIVE' && Date.parse(order.expiresAt) <= Date.now() ? 'EXPIRED' : order.status;
}

export function paymentJson({ payment, order }: { payment: GatewayPayment; order: GatewayOrder }) {
  const captured = payment.status === 'SUCCESS';
  return {
    auth_id: null,
    bank_reference: captured ? '234928698581' : null,
    cf_payment_id: payment.paymentId,
    entity: 'payment',
    error_details: captured ? null : failureOf(payment.status),
    is_captured: captured,
    order_amount: rupeesOf(order.amountPaise),
    order_currency: order.currency,
    order_id: payment.orderId,
    payment_amount: rupeesOf(payment.amountPaise),
    payment_completion_time: indianTime(payment.paidAt),
    payment_currency: payment.currency,
    payment_group: 'upi',
    payment_message: messageOf(payment.status),
    payment_method: { upi: { channel: 'collect', upi_id: 'payer@upi' } },
    payment_status: payment.status,
    payment_time: indianTime(payment.paidAt),
  };
}

export function refundJson(refund: GatewayRefund): Record<string, unknown> {
  return {
    cf_payment_id: refund.paymentId,
    cf_refund_id: refund.cfRefundId,
    created_at: indianTime(refund.createdAt),
    entity: 'refund',
    metadata: null,
    order_id: refund.orderId,
    processed_at: refund.processedAt === null ? null : indianTime(refund.processedAt),
    refund_amount: rupeesOf(refund.amountPaise),
    refund_arn: refund.status === 'SUCCESS' ? '205907014017' : null,
    refund_charge: 0,
    refund_currency: refund.currency,
    refund_id: refund.refundId,
    refund_mode: 'STANDARD',
    refund_note: refund.note,
    refund_splits: [],
    refund_status: refund.status,
    refund_type: 'MERCHANT_INITIATED',
    status_description: refundDescription(refund.status),
  };
}

/** The raw body of a payment webhook. */
export function paymentWebhookBody({
  payment,
  order,
}: {
  payment: GatewayPayment;
  order: GatewayOrder;
}): string {
  return stringifyWithDecimals({
    data: {
      order: {
        order_id: payment.orderId,
        order_amount: decimalRupees(order.amountPaise),
        order_currency: order.currency,
        order_tags: null,
      },
      payment: {
        cf_payment_id: payment.paymentId,
        payment_status: payment.status,
        payment_amount: decimalRupees(payment.amountPaise),
        payment_currency: payment.currency,
        payment_message: messageOf(payment.status),
        payment_time: indianTime(payment.paidAt),
        bank_reference: payment.status === 'SUCCESS' ? '234928698581' : null,
        auth_id: null,
        payment_method: { upi: { channel: 'collect', upi_id: 'payer@upi' } },
        payment_group: 'upi',
        international_payment: { international: false },
        payment_surcharge: null,
      },
      customer_details: order.customer,
      ...(payment.status === 'SUCCESS' ? {} : { error_details: failureOf(payment.status) }),
      payment_gateway_details: {
        gateway_name: 'CASHFREE',
        gateway_order_id: order.cfOrderId,
        gateway_payment_id: payment.paymentId,
        gateway_order_reference_id: null,
        gateway_settlement: 'CASHFREE',
        gateway_status_code: null,
      },
      payment_offers: null,
    },
    event_time: indianTime(payment.paidAt),
    type: webhookTypes[payment.status],
  });
}

/** The raw body of a refund webhook; its ids are numbers there, and texts everywhere else. */
export function refundWebhookBody(refund: GatewayRefund): string {
  return stringifyWithDecimals({
    data: {
      refund: {
        ...refundJson(refund),
        cf_refund_id: Number(refund.cfRefundId),
        cf_payment_id: Number(refund.paymentId),
        entity: 'Refund',
        refund_amount: decimalRupees(refund.amountPaise),
      },
    },
    event_time: indianTime(refund.processedAt ?? refund.createdAt),
    type: 'REFUND_STATUS_WEBHOOK',
  });
}

export const webhookTypes: Record<PaymentStatus, string> = {
  SUCCESS: 'PAYMENT_SUCCESS_WEBHOOK',
  FAILED: 'PAYMENT_FAILED_WEBHOOK',
  USER_DROPPED: 'PAYMENT_USER_DROPPED_WEBHOOK',
};

function messageOf(status: PaymentStatus): string {
  if (status === 'SUCCESS') return '00::Transaction success';
  return status === 'FAILED'
    ? 'Transaction failed at the bank'
    : 'User dropped and did not complete the payment';
}

function failureOf(status: PaymentStatus) {
  return {
    error_code: status === 'FAILED' ? 'TRANSACTION_DECLINED' : 'USER_DROPPED',
    error_description: messageOf(status),
    error_reason: 'declined',
    error_source: status === 'FAILED' ? 'bank' : 'customer',
  };
}

function refundDescription(status: GatewayRefund['status']): string {
  if (status === 'SUCCESS') return 'Refund processed successfully';
  return status === 'CANCELLED' ? 'Refund could not be processed' : 'In Progress';
}

const INDIA_AHEAD_MS = 5.5 * 60 * 60 * 1000;

/** The gateway writes times of India with their offset: `2025-05-05T12:34:56+05:30`. */
function indianTime(time: string): string {
  const shifted = new Date(Date.parse(time) + INDIA_AHEAD_MS);
  return `${shifted.toISOString().slice(0, 19)}+05:30`;
}
