import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckoutReply } from '../../src/domain/storefront.ts';
import { payFormOf } from '../../src/payments/pay-form.ts';

const settings = {
  cashfree: { baseUrl: 'https://cashfree.example' },
  razorpay: { baseUrl: 'https://razorpay.example/', keyId: 'key-1' },
};

function replyBy(gateway: 'cashfree' | 'razorpay'): CheckoutReply {
  return {
    ...{ orderId: 'ord-1', status: 'pendingPayment', currency: 'INR' },
    ...{ listPricePaise: 89_900, discountPaise: 0, amountPaise: 89_900 },
    orderUrl: 'https://shop.example/orders/ord-1?until=9&key=k',
    payment: { gateway, gatewayOrderId: 'gw-1', sessionId: 'session-1' },
  };
}

test('Cashfree is opened by its payment session alone', () => {
  assert.deepEqual(payFormOf(settings, replyBy('cashfree')), {
    url: 'https://cashfree.example/pg/view/sessions/checkout',
    fields: { payment_session_id: 'session-1' },
  });
});

test('Razorpay is opened by its order, in paise, and comes back to the page of ours; no secret is in the form', () => {
  assert.deepEqual(payFormOf(settings, replyBy('razorpay')), {
    url: 'https://razorpay.example/v1/checkout/embedded',
    fields: {
      key_id: 'key-1',
      order_id: 'gw-1',
      amount: '89900',
      currency: 'INR',
      name: 'Order ord-1',
      callback_url: 'https://shop.example/orders/ord-1?until=9&key=k',
      cancel_url: 'https://shop.example/orders/ord-1?until=9&key=k',
    },
  });
});

test('a gateway that is off by now has no form', () => {
  assert.equal(payFormOf({ ...settings, razorpay: null }, replyBy('razorpay')), null);
});
