import { type NextFunction, type Request, type Response, Router, urlencoded } from 'express';
import { escapeHtml, formText, paymentPage } from './payment-page.ts';
import { payRazorpay } from './razorpay-ledger.ts';
import type { RazorpayOrder } from './state.ts';
import type { World } from './world.ts';

/** Razorpay's hosted checkout: a shop's form opens it at `/v1/checkout/embedded`, a person pays there by hand. */
export function createRazorpayCheckoutRouter({ getWorld }: { getWorld: () => World }): Router {
  const router = Router();
  const form = urlencoded({ extended: false });
  router.post('/v1/checkout/embedded', form, (req: Request, res: Response) => {
    const order = findOrder(getWorld(), formText(req.body, 'order_id'));
    if (order === undefined || formText(req.body, 'key_id') === '')
      return void res.status(400).type('html').send(paymentPage('<p>No such order.</p>'));
    res.type('html').send(paymentPage(describe({ order, body: req.body, base: req.baseUrl })));
  });
  router.post('/checkout/:orderId', form, (req, res, next) => {
    payByHand({ world: getWorld(), req, res }).catch(next);
  });
  router.use('/checkout', (_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res.status(409).type('html').send(paymentPage('<p>This order cannot be paid: no webhook is set up.</p>'));
  });
  return router;
}

async function payByHand({ world, req, res }: { world: World; req: Request; res: Response }): Promise<void> {
  const order = findOrder(world, String(req.params.orderId));
  if (order === undefined)
    return void res.status(404).type('html').send(paymentPage('<p>No such order.</p>'));
  const cancelUrl = formText(req.body, 'cancel_url');
  if (formText(req.body, 'action') === 'cancel' && cancelUrl !== '') return void res.redirect(303, cancelUrl);
  if (order.status !== 'paid') await payRazorpay({ world, input: { orderId: order.id } });
  const callbackUrl = formText(req.body, 'callback_url');
  // The gateway comes back by POST.
  if (callbackUrl !== '') return void res.redirect(307, callbackUrl);
  res.type('html').send(paymentPage('<p>Paid.</p>'));
}

function findOrder(world: World, orderId: string): RazorpayOrder | undefined {
  return world.state.razorpay.orders.find(({ id }) => id === orderId);
}

function describe(input: { order: RazorpayOrder; body: unknown; base: string }): string {
  const { order, body, base } = input;
  const amount = `${(order.amountPaise / 100).toFixed(2)} ${escapeHtml(order.currency)}`;
  const kept = ['callback_url', 'cancel_url'].map(
    (name) => `<input type="hidden" name="${name}" value="${escapeHtml(formText(body, name))}">`,
  );
  return `<p>Order <b>${escapeHtml(order.receipt ?? order.id)}</b>: ${amount}</p>
<form method="post" action="${base}/checkout/${order.id}">${kept.join('')}
<button name="action" value="pay">Pay</button> <button name="action" value="cancel">Cancel</button></form>`;
}
