import { createHash } from 'node:crypto';
import { type NextFunction, type Request, type Response, Router } from 'express';
import { answerCall, type Reply } from './answer-call.ts';
import { type Answer, findObject, jsonReply, recordOf, textOf } from './cashfree-answers.ts';
import type { FaultPlan, RazorpayCall } from './faults.ts';
import { newId, scheduleRefund } from './razorpay-ledger.ts';
import { listJson, orderJson, paymentJson, refundJson } from './razorpay-shapes.ts';
import type { RazorpayOrder, RazorpayPayment, RazorpayRefund } from './state.ts';
import type { World } from './world.ts';

interface Call {
  world: World;
  plan: FaultPlan;
  req: Request;
  body: Record<string, unknown>;
}

const LONGEST_RECEIPT = 40;
const SHORTEST_KEY = 10;

/** The gateway's API under `/v1`, after Razorpay's public reference; its answers to faults follow `answerCall`. */
export function createRazorpayRouter({ getWorld }: { getWorld: () => World }): Router {
  const router = Router();
  const route = (call: RazorpayCall, perform: (input: Call) => Answer) => {
    return (req: Request, res: Response, next: NextFunction) => {
      serve({ world: getWorld(), req, res, call, perform }).catch(next);
    };
  };
  router.post('/v1/orders', route('razorpay.createOrder', createOrder));
  router.get('/v1/orders', route('razorpay.listOrders', listOrders));
  router.get('/v1/orders/:id', route('razorpay.getOrder', getOrder));
  router.get('/v1/orders/:id/payments', route('razorpay.getPayments', getPayments));
  router.post('/v1/payments/:id/refund', route('razorpay.createRefund', createRefund));
  router.get('/v1/payments/:id/refunds', route('razorpay.listRefunds', listRefunds));
  return router;
}

async function serve(input: {
  world: World;
  req: Request;
  res: Response;
  call: RazorpayCall;
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
      if (!isKnownKey({ world, req })) return jsonReply(badRequest('Authentication failed', 401));
      const body = req.method === 'GET' ? {} : findObject(typeof req.body === 'string' ? req.body : '');
      if (body === undefined) return jsonReply(badRequest('The request body is not valid JSON.'));
      const reply = replayed({ world, plan, req, body, perform });
      if (req.method !== 'GET') await world.saved();
      return reply;
    },
  });
}

function isKnownKey({ world, req }: { world: World; req: Request }): boolean {
  const [scheme, encoded = ''] = (req.get('authorization') ?? '').split(' ');
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  const { keyId, keySecret } = world.state.config.razorpay;
  const fits = (given: string, expected: string | null) =>
    given !== '' && (expected === null || expected === given);
  return scheme === 'Basic' && fits(id, keyId) && fits(secret.join(':'), keySecret);
}

/** The same `X-Refund-Idempotency` answers the first reply; another body under it is refused. */
function replayed({ perform, ...call }: Call & { perform: (input: Call) => Answer }): Reply {
  const { world, req, body } = call;
  const key = req.get('x-refund-idempotency');
  if (key === undefined || req.method !== 'POST') return jsonReply(perform(call));
  if (key.length < SHORTEST_KEY) return jsonReply(badRequest('The idempotency key is too short.'));
  const { replays } = world.state.razorpay;
  const fingerprint = createHash('sha256')
    .update(`${req.path}\n${JSON.stringify(body)}`)
    .digest('hex');
  const earlier = replays[key];
  if (earlier && earlier.fingerprint !== fingerprint)
    return jsonReply(badRequest('Different request body sent for the same idempotency key.'));
  if (earlier) return { status: earlier.status, contentType: 'application/json', body: earlier.body };
  const reply = jsonReply(perform(call));
  // A refusal is not kept: the same request may work later.
  if (reply.status === 200) replays[key] = { fingerprint, status: reply.status, body: reply.body };
  return reply;
}

function createOrder({ world, body }: Call): Answer {
  const { amount, currency, receipt = null } = body;
  if (!isPaise(amount)) return badRequest('The amount must be at least INR 1.00.');
  if (typeof currency !== 'string') return badRequest('The currency field is required.');
  if (receipt !== null && (typeof receipt !== 'string' || receipt.length > LONGEST_RECEIPT))
    return badRequest('The receipt may not be greater than 40 characters.');
  const order: RazorpayOrder = {
    id: newId('order'),
    amountPaise: amount,
    currency,
    receipt,
    status: 'created',
    notes: notesOf(body.notes),
    createdAt: new Date().toISOString(),
  };
  world.state.razorpay.orders.push(order);
  return { status: 200, json: orderJson(order) };
}

/** The latest first, as at the gateway. */
function listOrders({ world, req }: Call): Answer {
  const { receipt } = req.query;
  const found = world.state.razorpay.orders.filter(
    (order) => receipt === undefined || order.receipt === receipt,
  );
  return { status: 200, json: listJson(found.toReversed().slice(0, 100).map(orderJson)) };
}

function getOrder(call: Call): Answer {
  const order = orderOf(call);
  return order === undefined ? unknownId() : { status: 200, json: orderJson(order) };
}

function getPayments(call: Call): Answer {
  const order = orderOf(call);
  if (order === undefined) return unknownId();
  const payments = call.world.state.razorpay.payments.filter(({ orderId }) => orderId === order.id);
  return {
    status: 200,
    json: listJson(payments.map((payment) => paymentJson(payment, refundedOf(call.world, payment)))),
  };
}

function refundedOf({ state }: World, payment: RazorpayPayment): number {
  return state.razorpay.refunds
    .filter(({ paymentId, status }) => paymentId === payment.id && status === 'processed')
    .reduce((total, refund) => total + refund.amountPaise, 0);
}

/** Accepts a refund as pending, within what was captured; its outcome comes later. */
function createRefund({ world, plan, req, body }: Call): Answer {
  const payment = world.state.razorpay.payments.find(({ id }) => id === req.params.id);
  if (payment === undefined) return unknownId();
  const amountPaise = body.amount ?? payment.amountPaise;
  if (!isPaise(amountPaise)) return badRequest('The amount must be at least INR 1.00.');
  const refusal = refuseRefund({ world, plan, payment, amountPaise });
  if (refusal) return badRequest(refusal);
  const outcome = plan.take('refundOutcome');
  const afterMs = outcome?.ms ?? world.drawMs('refundMs');
  const at = new Date(Date.now() + afterMs).toISOString();
  const refund: RazorpayRefund = {
    id: newId('rfnd'),
    paymentId: payment.id,
    amountPaise,
    currency: payment.currency,
    receipt: textOf(body.receipt),
    status: 'pending',
    notes: notesOf(body.notes),
    createdAt: new Date().toISOString(),
    // Held for good where the rule says so: this gateway has no word for it but "pending".
    next: outcome?.status === 'ONHOLD' ? null : { status: endOf(outcome?.status), at },
  };
  world.state.razorpay.refunds.push(refund);
  scheduleRefund({ world, refund });
  return { status: 200, json: refundJson(refund) };
}

function endOf(outcome: 'SUCCESS' | 'CANCELLED' | undefined): 'processed' | 'failed' {
  return outcome === 'CANCELLED' ? 'failed' : 'processed';
}

/** Why the gateway refuses a refund, or undefined. */
function refuseRefund(input: {
  world: World;
  plan: FaultPlan;
  payment: RazorpayPayment;
  amountPaise: number;
}): string | undefined {
  const { world, plan, payment, amountPaise } = input;
  if (payment.status !== 'captured') return 'The payment status should be captured for action to be taken';
  const given = world.state.razorpay.refunds
    .filter(({ paymentId, status }) => paymentId === payment.id && status !== 'failed')
    .reduce((total, refund) => total + refund.amountPaise, 0);
  if (given >= payment.amountPaise) return 'The payment has been fully refunded already';
  if (given + amountPaise > payment.amountPaise)
    return 'The total refund amount is greater than the refund payment amount';
  const partial = amountPaise < payment.amountPaise;
  if (partial && plan.take('refusePartialRefund'))
    return 'Partial refund is not supported for this payment method';
  return undefined;
}

function listRefunds({ world, req }: Call): Answer {
  if (!world.state.razorpay.payments.some(({ id }) => id === req.params.id)) return unknownId();
  const found = world.state.razorpay.refunds.filter(({ paymentId }) => paymentId === req.params.id);
  return { status: 200, json: listJson(found.toReversed().slice(0, 100).map(refundJson)) };
}

function orderOf({ world, req }: Call): RazorpayOrder | undefined {
  return world.state.razorpay.orders.find(({ id }) => id === req.params.id);
}

function isPaise(amount: unknown): amount is number {
  return typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 100;
}

function notesOf(value: unknown): Record<string, string> {
  const entries = Object.entries(recordOf(value));
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
}

function unknownId(): Answer {
  return badRequest('The id provided does not exist');
}

function badRequest(description: string, status = 400): Answer {
  const error = {
    code: 'BAD_REQUEST_ERROR',
    description,
    source: 'business',
    step: 'payment_initiation',
    reason: 'input_validation_failed',
    metadata: {},
  };
  return { status, json: { error } };
}
