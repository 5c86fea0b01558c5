import { createHash } from 'node:crypto';
import { type NextFunction, type Request, type Response, Router } from 'express';
import { answerCall, type Reply } from './answer-call.ts';
import {
  type Answer,
  type Call,
  failure,
  findObject,
  invalid,
  jsonReply,
  recordOf,
  textOf,
  unknownOrder,
} from './cashfree-answers.ts';
import { addOrder, findOrder } from './cashfree-ledger.ts';
import { createRefund, getRefund } from './cashfree-refunds.ts';
import { orderJson, orderStatus, paymentJson } from './cashfree-shapes.ts';
import type { CashfreeCall, FaultPlan } from './faults.ts';
import { findPaise } from './rupees.ts';
import type { World } from './world.ts';

/** The gateway's API under `/pg`, after Cashfree's public reference; its answers to faults follow `answerCall`. */
export function createCashfreeRouter({ getWorld }: { getWorld: () => World }): Router {
  const router = Router();
  const route = (call: CashfreeCall, perform: (input: Call) => Answer) => {
    return (req: Request, res: Response, next: NextFunction) => {
      serve({ world: getWorld(), req, res, call, perform }).catch(next);
    };
  };
  router.post('/pg/orders', route('cashfree.createOrder', createOrder));
  router.get('/pg/orders/:orderId', route('cashfree.getOrder', getOrder));
  router.patch('/pg/orders/:orderId', route('cashfree.terminateOrder', terminateOrder));
  router.get('/pg/orders/:orderId/payments', route('cashfree.getPayments', getPayments));
  router.post('/pg/orders/:orderId/refunds', route('cashfree.createRefund', createRefund));
  router.get('/pg/orders/:orderId/refunds/:refundId', route('cashfree.getRefund', getRefund));
  return router;
}

async function serve(input: {
  world: World;
  req: Request;
  res: Response;
  call: CashfreeCall;
  perform: (input: Call) => Answer;
}): Promise<void> {
  const { world, req, res, call, perform } = input;
  const plan = world.plan({ call });
  await answerCall({
    world,
    res,
    plan,
    perform: async () => {
      await world.sleep(world.drawMs('othersMs'));
      const refusal = checkHeaders({ world, req });
      if (refusal) return jsonReply(refusal);
      const reply = replayed({
        world,
        req,
        call,
        perform: (body) => performOn({ world, plan, req, body, perform }),
      });
      if (req.method !== 'GET') await world.saved();
      return reply;
    },
  });
}

function performOn(input: {
  world: World;
  plan: FaultPlan;
  req: Request;
  body: Record<string, unknown>;
  perform: (input: Call) => Answer;
}): Answer {
  const { world, plan, req, body, perform } = input;
  return perform({ world, plan, body, orderId: param(req, 'orderId'), refundId: param(req, 'refundId') });
}

function checkHeaders({ world, req }: { world: World; req: Request }): Answer | undefined {
  const id = req.get('x-client-id') ?? '';
  const secret = req.get('x-client-secret') ?? '';
  const known = world.state.config.cashfree;
  const wrong = (given: string, expected: string | null) =>
    given === '' || (expected !== null && expected !== given);
  if (wrong(id, known.clientId) || wrong(secret, known.clientSecret)) {
    return failure({
      status: 401,
      message: 'authentication Failed',
      code: 'request_failed',
      type: 'authentication_error',
    });
  }
  if (!/^\d{4}-\d\d-\d\d$/.test(req.get('x-api-version') ?? '')) {
    return failure({ status: 400, message: 'version value should be a valid date', code: 'version_invalid' });
  }
  world.state.cashfree.learntSecret = secret;
  return undefined;
}

/** The same idempotency key answers the first reply; another request under it is refused. */
function replayed(input: {
  world: World;
  req: Request;
  call: CashfreeCall;
  perform: (body: Record<string, unknown>) => Answer;
}): Reply {
  const { world, req, call, perform } = input;
  const raw = typeof req.body === 'string' ? req.body : '';
  const body = req.method === 'GET' ? {} : findObject(raw);
  if (body === undefined)
    return jsonReply(failure({ status: 400, message: 'bad request: body is no JSON object' }));
  const key = req.get('x-idempotency-key');
  if (key === undefined || req.method !== 'POST') return jsonReply(perform(body));
  const { replays } = world.state.cashfree;
  const fingerprint = createHash('sha256').update(`${req.path}\n${raw}`).digest('hex');
  const earlier = replays[`${call} ${key}`];
  if (earlier && earlier.fingerprint !== fingerprint) {
    const message = 'idempotency key was used with another request';
    return jsonReply(failure({ status: 422, message, code: 'request_invalid', type: 'idempotency_error' }));
  }
  if (earlier) return { status: earlier.status, contentType: 'application/json', body: earlier.body };
  const reply = jsonReply(perform(body));
  replays[`${call} ${key}`] = { fingerprint, status: reply.status, body: reply.body };
  return reply;
}

function createOrder({ world, body }: Call): Answer {
  const orderId = body.order_id ?? `order_${world.nextSequence()}`;
  if (typeof orderId !== 'string' || !/^[A-Za-z0-9_-]{3,45}$/.test(orderId)) return invalid('order_id');
  const amountPaise = findPaise(body.order_amount);
  if (amountPaise === undefined) return invalid('order_amount');
  if (typeof body.order_currency !== 'string') return invalid('order_currency');
  const customer = recordOf(body.customer_details);
  if (!textOf(customer.customer_id)) return invalid('customer_details.customer_id');
  if (!/^\+?\d{10,15}$/.test(textOf(customer.customer_phone) ?? ''))
    return invalid('customer_details.customer_phone');
  const expiry = textOf(body.order_expiry_time);
  if (expiry !== null && !(Date.parse(expiry) > Date.now())) return invalid('order_expiry_time');
  if (findOrder({ world, orderId })) {
    return failure({
      status: 409,
      message: 'order with same id is already present',
      code: 'order_already_exists',
    });
  }
  const meta = recordOf(body.order_meta);
  const order = addOrder({
    world,
    orderId,
    amountPaise,
    currency: body.order_currency,
    expiresAt: expiry === null ? undefined : new Date(expiry).toISOString(),
    customer: {
      customer_id: textOf(customer.customer_id),
      customer_name: textOf(customer.customer_name),
      customer_email: textOf(customer.customer_email),
      customer_phone: textOf(customer.customer_phone),
    },
    notifyUrl: textOf(meta.notify_url),
    returnUrl: textOf(meta.return_url),
  });
  return { status: 200, json: orderJson(order) };
}

function getOrder({ world, orderId }: Call): Answer {
  const order = findOrder({ world, orderId });
  return order ? { status: 200, json: orderJson(order) } : unknownOrder();
}

function terminateOrder({ world, orderId, body }: Call): Answer {
  const order = findOrder({ world, orderId });
  if (order === undefined) return unknownOrder();
  if (body.order_status !== 'TERMINATED') return invalid('order_status');
  if (orderStatus(order) !== 'ACTIVE') {
    return failure({
      status: 400,
      message: 'only an active order can be terminated',
      code: 'order_inactive',
    });
  }
  order.status = 'TERMINATED';
  return { status: 200, json: orderJson(order) };
}

function getPayments({ world, orderId }: Call): Answer {
  const order = findOrder({ world, orderId });
  if (order === undefined) return unknownOrder();
  const payments = world.state.cashfree.payments.filter((payment) => payment.orderId === orderId);
  return { status: 200, json: payments.map((payment) => paymentJson({ payment, order })) };
}

function param(req: Request, name: string): string {
  const value = req.params[name];
  return typeof value === 'string' ? value : '';
}
