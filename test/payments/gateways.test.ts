import { createCashfreeGateway } from '../../src/payments/cashfree/cashfree-gateway.ts';
import { createRazorpayGateway } from '../../src/payments/razorpay/razorpay-gateway.ts';
import { gatewayContract } from './gateway-contract.ts';

const secretOf = { right: 'leaky-right', wrong: 'leaky-wrong' };
const secrets = [...Object.values(secretOf), Buffer.from('shop:leaky-wrong').toString('base64')];

await gatewayContract({
  name: 'Cashfree',
  secrets,
  originOf: ({ cashfreeBaseUrl }) => cashfreeBaseUrl,
  connect: ({ origin, keys, timeoutMs }) =>
    createCashfreeGateway({ baseUrl: origin, clientId: 'shop', clientSecret: secretOf[keys], timeoutMs }),
  async pay(control, { orderId, failed = false }) {
    const status = failed ? 'FAILED' : 'SUCCESS';
    return (await control.pay({ orderId, status, deliver: 0 })).paymentId;
  },
  async book(control) {
    const { orders, refunds } = await control.cashfree();
    return {
      orders: orders.length,
      refunds: refunds.map(({ refundId, paymentId, amountPaise }) => ({ refundId, paymentId, amountPaise })),
    };
  },
  cancelRefund: (control, { orderId, refundId }) =>
    control.settleRefund({ orderId, refundId, status: 'CANCELLED' }),
  calls: {
    all: 'cashfree.*',
    createOrder: 'cashfree.createOrder',
    createRefund: 'cashfree.createRefund',
  },
});

await gatewayContract({
  name: 'Razorpay',
  secrets,
  originOf: ({ razorpayBaseUrl }) => razorpayBaseUrl,
  connect: ({ origin, keys, timeoutMs }) =>
    createRazorpayGateway({ baseUrl: origin, keyId: 'shop', keySecret: secretOf[keys], timeoutMs }),
  async pay(control, { orderId, failed = false }) {
    const status = failed ? 'failed' : 'captured';
    return (await control.payRazorpay({ orderId, status, deliver: 0 })).paymentId;
  },
  async book(control) {
    const { orders, refunds } = await control.razorpay();
    return {
      orders: orders.length,
      refunds: refunds.map(({ receipt, paymentId, amountPaise }) => ({
        refundId: receipt,
        paymentId,
        amountPaise,
      })),
    };
  },
  cancelRefund: (control, { refundId }) => control.settleRazorpayRefund({ refundId, status: 'failed' }),
  calls: {
    all: 'razorpay.*',
    createOrder: 'razorpay.createOrder',
    createRefund: 'razorpay.createRefund',
  },
});
