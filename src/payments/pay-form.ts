import { assertNever } from '../domain/assert-never.ts';
import type { CheckoutReply, PayForm } from '../domain/storefront.ts';

interface PayFormSettings {
  cashfree: { baseUrl: string };
  /** Null where that gateway is switched off. */
  razorpay: { baseUrl: string; keyId: string } | null;
}

/**
 * The form that leads a customer to the gateway's own page for an order that awaits its payment, without any script of
 * ours; null where the gateway is off by now.
 *
 * Razorpay: its Hosted Checkout (POST /v1/checkout/embedded, amount in paise). Cashfree: what its browser library
 * (v3) sends with a payment session; its reference knows the library alone.
 */
export function payFormOf(settings: PayFormSettings, reply: CheckoutReply): PayForm | null {
  const { orderId, orderUrl, amountPaise, currency, payment } = reply;
  const { gateway, gatewayOrderId, sessionId } = payment;
  switch (gateway) {
    case 'cashfree': {
      const url = addressOf(settings.cashfree.baseUrl, 'pg/view/sessions/checkout');
      return { url, fields: { payment_session_id: sessionId } };
    }
    case 'razorpay': {
      if (settings.razorpay === null) return null;
      const { baseUrl, keyId } = settings.razorpay;
      return {
        url: addressOf(baseUrl, 'v1/checkout/embedded'),
        fields: {
          key_id: keyId,
          order_id: gatewayOrderId,
          amount: String(amountPaise),
          currency,
          name: `Order ${orderId}`,
          callback_url: orderUrl,
          cancel_url: orderUrl,
        },
      };
    }
    default:
      return assertNever(gateway);
  }
}

function addressOf(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}/${path}`;
}
