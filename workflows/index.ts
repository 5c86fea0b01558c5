export { packageLock } from './package-lock.ts';
export { provisionOrder } from './provision-order.ts';
export { settlePayment } from './settle-payment.ts';
