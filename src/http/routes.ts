import { assertNever } from '../domain/assert-never.ts';
import type { CheckoutOutcome, CheckoutRefusal, OrderView } from '../domain/storefront.ts';
import { customerRoutes, isByLink } from './customer-page.ts';
import { tellFigures } from './metrics.ts';
import { monthRoutes } from './month-pages.ts';
import { describeApi } from './openapi.ts';
import type { HttpDeps, OrderActOutcome, ResolveOutcome } from './ports.ts';
import { type ProblemType, problem, unavailable } from './problem.ts';
import {
  isOrderId,
  type ReadResult,
  readCheckout,
  readCompensate,
  readProvision,
  readResolve,
  readWish,
} from './read-request.ts';
import type { Reply, Route, RouteRequest } from './route.ts';
import { siteRoutes } from './site/site-routes.ts';
import { stockRoutes } from './stock-routes.ts';
import { takeCashfree, takeRazorpay } from './webhooks.ts';

/** Every route of the service, each with who may call it. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/healthz', access: 'public', body: 'none', handle: tellHealth },
  { method: 'GET', path: '/readyz', access: 'public', body: 'none', handle: tellReadiness },
  { method: 'GET', path: '/metrics', access: 'public', body: 'none', handle: tellFigures },
  { method: 'GET', path: '/openapi.json', access: 'public', body: 'none', handle: describeApi },
  { method: 'GET', path: '/api/products', access: 'storefront', body: 'none', handle: listProducts },
  { method: 'POST', path: '/api/checkout', access: 'storefront', body: 'json', handle: checkOut },
  { method: 'POST', path: '/api/orders/provision', access: 'admin', body: 'json', handle: provisionOrder },
  {
    method: 'POST',
    path: '/api/orders/:id/retry',
    access: 'admin',
    body: 'optionalJson',
    handle: retryOrder,
  },
  {
    method: 'POST',
    path: '/api/orders/:id/cancel',
    access: 'admin',
    body: 'optionalJson',
    handle: cancelOrder,
  },
  {
    method: 'POST',
    path: '/api/orders/:id/compensate',
    access: 'admin',
    body: 'json',
    handle: compensateOrder,
  },
  { method: 'POST', path: '/api/orders/:id/resolve', access: 'admin', body: 'json', handle: resolveCase },
  ...customerRoutes,
  ...monthRoutes,
  { method: 'GET', path: '/api/orders/:id', access: 'storefrontOrLink', body: 'none', handle: showOrder },
  {
    method: 'GET',
    path: '/api/orders/:id/timeline',
    access: 'admin',
    body: 'none',
    handle: showTimeline,
  },
  {
    method: 'POST',
    path: '/webhooks/cashfree',
    access: 'gatewaySignature',
    body: 'raw',
    handle: takeCashfree,
  },
  {
    method: 'POST',
    path: '/webhooks/razorpay',
    access: 'gatewaySignature',
    body: 'raw',
    handle: takeRazorpay,
  },
  ...stockRoutes,
  ...siteRoutes,
];

async function tellHealth(): Promise<Reply> {
  return { status: 200, body: { status: 'ok' } };
}

async function tellReadiness(_request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const checks = await ports.readiness();
  const ready = checks.every((check) => check.ok);
  if (ready) return { status: 200, body: { status: 'ready', checks } };
  const missing = checks.filter((check) => !check.ok).map((check) => check.name);
  return problem({ type: 'unavailable', detail: `Not ready: ${missing.join(', ')}.`, members: { checks } });
}

async function listProducts(_request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  return { status: 200, body: await ports.listProducts() };
}

async function checkOut(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const { body, headers } = request;
  const read = readCheckout({ body, idempotencyKey: headers['idempotency-key'] });
  return read.ok ? checkoutReply(await ports.placeOrder(read.value)) : read.reply;
}

const refusalTypes: Readonly<Record<CheckoutRefusal, ProblemType>> = {
  unknownProduct: 'unknown-product',
  productDisabled: 'product-disabled',
  atCapacity: 'at-capacity',
  sizeNotSold: 'size-not-sold',
  unknownDiscountCode: 'unknown-discount-code',
  discountExpired: 'discount-not-usable',
  discountUsed: 'discount-not-usable',
  discountHeld: 'discount-not-usable',
  discountWorthless: 'discount-not-usable',
  gatewayOff: 'gateway-off',
  gatewayRefused: 'gateway-refused',
  idempotencyKeyReused: 'idempotency-key-reused',
};

function checkoutReply(outcome: CheckoutOutcome): Reply {
  switch (outcome.kind) {
    case 'placed':
      return {
        status: 201,
        body: outcome.reply,
        headers: { location: `/api/orders/${outcome.reply.orderId}` },
      };
    case 'refused': {
      const { reason, field, sentence } = outcome;
      return problem({
        type: refusalTypes[reason],
        detail: sentence,
        errors: [{ field, message: sentence }],
      });
    }
    case 'gatewayFailed': {
      const { orderId, sentence } = outcome;
      return problem({ type: 'gateway-failed', detail: sentence, members: { orderId } });
    }
    default:
      return assertNever(outcome);
  }
}

async function showOrder(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const orderId = request.params.id ?? '';
  const order = isOrderId(orderId) ? await ports.findOrder({ orderId }) : null;
  if (order === null) return unknownOrder();
  return { status: 200, body: isByLink(request) ? forCustomer(order) : order };
}

/** What staff reads of it names suppliers and codes: a customer is told the rest, the address once it is theirs. */
function forCustomer({ failure, next, statusText, server, ...order }: OrderView): object {
  return order.status === 'active' && server ? { ...order, server } : order;
}

async function showTimeline(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const orderId = request.params.id ?? '';
  const report = isOrderId(orderId) ? await ports.reportOrder({ orderId }) : null;
  if (report === null) return unknownOrder();
  const { status, statusText, timeline, hasHistory } = report;
  return { status: 200, body: { orderId, status, statusText, hasHistory, timeline } };
}

function unknownOrder(): Reply {
  return problem({ type: 'unknown-order', detail: 'There is no order with this id. Check the orderId.' });
}

async function provisionOrder({ body }: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const read = readProvision(body);
  return read.ok ? actReply(await ports.retryOrder(read.value), 'order-in-progress') : read.reply;
}

async function retryOrder(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  return actOn(request, { read: readWish, act: ports.retryOrder, refusal: 'order-in-progress' });
}

async function cancelOrder(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  return actOn(request, { read: readWish, act: ports.cancelOrder, refusal: 'not-possible-now' });
}

async function compensateOrder(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  return actOn(request, { read: readCompensate, act: ports.compensateOrder, refusal: 'not-possible-now' });
}

interface OrderAct<Wish> {
  read: (input: { orderId: string; body: unknown }) => ReadResult<Wish>;
  act: (wish: Wish) => Promise<OrderActOutcome>;
  /** The type of the problem where the order's state forbids it. */
  refusal: ProblemType;
}

async function actOn<Wish>(request: RouteRequest, { read, act, refusal }: OrderAct<Wish>): Promise<Reply> {
  const orderId = request.params.id ?? '';
  if (!isOrderId(orderId)) return unknownOrder();
  const wish = read({ orderId, body: request.body });
  return wish.ok ? actReply(await act(wish.value), refusal) : wish.reply;
}

function actReply(outcome: OrderActOutcome, refusal: ProblemType): Reply {
  switch (outcome.kind) {
    case 'accepted': {
      const { orderId, orderStatus, next } = outcome;
      return { status: 202, body: { orderId, orderStatus, next } };
    }
    case 'refused': {
      const { orderStatus, since, ageSeconds, sentence } = outcome;
      return problem({ type: refusal, detail: sentence, members: { orderStatus, since, ageSeconds } });
    }
    case 'notFound':
      return unknownOrder();
    case 'unavailable':
      return unavailable(outcome.sentence);
    default:
      return assertNever(outcome);
  }
}

async function resolveCase(request: RouteRequest, { ports }: HttpDeps): Promise<Reply> {
  const orderId = request.params.id ?? '';
  if (!isOrderId(orderId)) return unknownOrder();
  const read = readResolve({ orderId, body: request.body });
  return read.ok ? resolveReply(await ports.resolveCase(read.value)) : read.reply;
}

function resolveReply(outcome: ResolveOutcome): Reply {
  switch (outcome.kind) {
    case 'accepted': {
      const { orderId, purchaseId, next } = outcome;
      return { status: 202, body: { orderId, purchaseId, next } };
    }
    case 'refused':
      return problem({ type: 'case-not-resolved', detail: outcome.sentence });
    case 'notFound':
      return unknownOrder();
    case 'unavailable':
      return unavailable(outcome.sentence);
    default:
      return assertNever(outcome);
  }
}
