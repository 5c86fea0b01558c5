import type { RazorpayOrder, RazorpayPayment, RazorpayRefund } from './state.ts';

// Shapes as in Razorpay's public reference: amounts in paise, times in seconds, empty notes as a list.

export function orderJson(order: RazorpayOrder): Record<string, unknown> {
  const paid = order.status === 'paid';
  return {
    id: order.id,
    entity: 'order',
    amount: order.amountPaise,
    amount_paid: paid ? order.amountPaise : 0,
    amount_due: paid ? 0 : order.amountPaise,
    currency: order.currency,
    receipt: order.receipt,
    offer_id: null,
    status: order.status,
    attempts: order.status === 'created' ? 0 : 1,
    notes: notesJson(order.notes),
    created_at: secondsOf(order.createdAt),
  };
}

/** A payment of which `refundedPaise` went back; in full, it is refunded and captured no more. */
export function paymentJson(payment: RazorpayPayment, refundedPaise = 0): Record<string, unknown> {
  const captured = payment.status === 'captured';
  const isRefunded = refundedPaise >= payment.amountPaise;
  return {
    id: payment.id,
    entity: 'payment',
    amount: payment.amountPaise,
    currency: payment.currency,
    status: isRefunded ? 'refunded' : payment.status,
    order_id: payment.orderId,
    invoice_id: null,
    international: false,
    method: 'upi',
    amount_refunded: refundedPaise,
    refund_status: refundedPaise === 0 ? null : isRefunded ? 'full' : 'partial',
    captured,
    description: null,
    vpa: 'payer@upi',
    email: 'payer@example.com',
    contact: '+919999999999',
    notes: [],
    fee: captured ? 2 : null,
    tax: captured ? 0 : null,
    error_code: captured ? null : 'BAD_REQUEST_ERROR',
    error_description: captured ? null : 'Payment was declined by the bank',
    created_at: secondsOf(payment.createdAt),
  };
}

export function refundJson(refund: RazorpayRefund): Record<string, unknown> {
  return {
    id: refund.id,
    entity: 'refund',
    amount: refund.amountPaise,
    currency: refund.currency,
    payment_id: refund.paymentId,
    receipt: refund.receipt,
    notes: notesJson(refund.notes),
    acquirer_data: { arn: null },
    batch_id: null,
    status: refund.status,
    speed_requested: 'normal',
    speed_processed: 'normal',
    created_at: secondsOf(refund.createdAt),
  };
}

export function listJson(items: Record<string, unknown>[]): Record<string, unknown> {
  return { entity: 'collection', count: items.length, items };
}

/** The raw body of a webhook; `payload` maps a name to its entity. */
export function webhookBody(input: { event: string; payload: Record<string, object>; at: Date }): string {
  return JSON.stringify({
    entity: 'event',
    account_id: 'acc_SimulatedShop1',
    event: input.event,
    contains: Object.keys(input.payload),
    payload: Object.fromEntries(Object.entries(input.payload).map(([name, entity]) => [name, { entity }])),
    created_at: Math.floor(input.at.getTime() / 1000),
  });
}

function notesJson(notes: Record<string, string>): Record<string, string> | never[] {
  return Object.keys(notes).length === 0 ? [] : notes;
}

function secondsOf(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
