export { askGateways } from './ask-gateways.ts';
export { compensateOrder } from './compensate-order.ts';
export { monitorStock, reportLowStock } from './monitor-stock.ts';
export { packageLock } from './package-lock.ts';
export { provisionOrder } from './provision-order.ts';
export { resolveCase } from './resolve-case.ts';
export { settlePayment } from './settle-payment.ts';
export { strandServer } from './strand-server.ts';
export { watchOrders } from './watch-orders.ts';
