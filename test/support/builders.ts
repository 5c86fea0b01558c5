import type { CapturedPayment } from '../../src/domain/payment.ts';
import type { PackageDocument, ProductDocument } from '../../src/orders/catalogue.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';

const at = '2026-11-21T10:00:00.000Z';

/** A paid order for the package 103.181.91 that nobody has begun to provision. */
export function anOrder(changes: Partial<OrderDocument> & { _id: string }): OrderDocument {
  return {
    status: 'queued',
    statusSince: at,
    version: 1,
    owner: `order-${changes._id}`,
    open: true,
    goods: { state: 'none' },
    money: 'kept',
    remedy: null,
    productId: 'silver-91',
    productName: 'Silver',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    matchPolicy: 'exact',
    ramGb: 8,
    os: 'Ubuntu 22',
    amountPaise: 49_900,
    currency: 'INR',
    customer: { name: 'A Customer', email: 'customer@example.com', phone: '+919876543210' },
    gateway: 'cashfree',
    gatewayOrderId: '7',
    paymentSessionId: 'session-7',
    idempotency: null,
    createdAt: at,
    paidAt: at,
    paymentKey: null,
    failure: null,
    server: null,
    next: null,
    timeline: [],
    ...changes,
  };
}

/** The package of `anOrder`, never read. */
export function aPackage(changes: Partial<PackageDocument> = {}): PackageDocument {
  const { packageKey = '103.181.91', supplier = 'smartvps' } = changes;
  return {
    _id: `${supplier}:${packageKey}`,
    supplier,
    packageKey,
    name: packageKey,
    packageId: null,
    counts: null,
    dry: null,
    ...changes,
  };
}

/** The product of `anOrder`. */
export function aProduct(changes: Partial<ProductDocument> = {}): ProductDocument {
  return {
    _id: 'silver-91',
    name: 'Silver',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    matchPolicy: 'exact',
    reserve: 0,
    sizes: [{ ramGb: 8, pricePaise: 49_900 }],
    disabled: null,
    ...changes,
  };
}

/** A purchase `<orderId>#<n>` of `anOrder` that is only intended. */
export function aPurchase(changes: Partial<PurchaseDocument> & { _id: string }): PurchaseDocument {
  const [orderId = '', number = '1'] = changes._id.split('#');
  return {
    orderId,
    number: Number(number),
    kind: 'buy',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    packageName: '103.181.91',
    ramGb: 8,
    state: 'intended',
    fencingNumber: 1,
    stockBefore: 9,
    stockAllBefore: null,
    intendedAt: at,
    sentAt: null,
    notSentTries: 0,
    reply: null,
    lateReply: null,
    ip: null,
    why: null,
    duplicate: false,
    settledAt: null,
    ...changes,
  };
}

/** A tenancy of a server that was bought and lives for a month. */
export function aTenancy(changes: Partial<Tenancy> = {}): Tenancy {
  return {
    state: 'bought',
    purchaseId: null,
    orderId: null,
    since: at,
    expiresAt: '2026-12-21T10:00:00.000Z',
    cost: { amountMinor: 49_900, currency: 'INR' },
    operationId: null,
    operationsDone: [],
    ...changes,
  };
}

/** The right payment of `anOrder`. */
export function aPayment(changes: Partial<CapturedPayment> & { orderId: string }): CapturedPayment {
  return {
    gateway: 'cashfree',
    paymentId: `pay-${changes.orderId}`,
    amountPaise: 49_900,
    currency: 'INR',
    paidAt: '2026-11-21T10:00:00.000Z',
    ...changes,
  };
}
