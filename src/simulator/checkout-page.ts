import { type NextFunction, type Request, type Response, Router, urlencoded } from 'express';
import { pay } from './cashfree-ledger.ts';
import { orderStatus } from './cashfree-shapes.ts';
import { escapeHtml, formText, paymentPage } from './payment-page.ts';
import type { GatewayOrder } from './state.ts';
import type { World } from './world.ts';

/** A page on which a person pays an order of the simulated gateway by hand: `/checkout/<payment session id>`. */
export function createCheckoutRouter({ getWorld }: { getWorld: () => World }): Router {
  const router = Router();
  // Where the form of a shop, or the gateway's browser library, opens it.
  router.post('/pg/view/sessions/checkout', urlencoded({ extended: false }), (req, res) => {
    const sessionId = formText(req.body, 'payment_session_id');
    res.redirect(303, `${req.baseUrl}/checkout/${encodeURIComponent(sessionId)}`);
  });
  router.get('/checkout/:sessionId', (req: Request, res: Response) => {
    const order = findBySession({ world: getWorld(), sessionId: String(req.params.sessionId) });
    if (order === undefined)
      return void res.status(404).type('html').send(paymentPage('<p>No such payment session.</p>'));
    res.type('html').send(paymentPage(describe(order)));
  });
  router.post('/checkout/:sessionId', urlencoded({ extended: false }), (req, res, next) => {
    payByHand({ world: getWorld(), req, res }).catch(next);
  });
  router.use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res
      .status(409)
      .type('html')
      .send(paymentPage('<p>This order cannot be paid: no webhook address or no secret is known.</p>'));
  });
  return router;
}

async function payByHand({ world, req, res }: { world: World; req: Request; res: Response }): Promise<void> {
  const order = findBySession({ world, sessionId: String(req.params.sessionId) });
  if (order === undefined)
    return void res.status(404).type('html').send(paymentPage('<p>No such payment session.</p>'));
  const fails = formText(req.body, 'action') === 'fail';
  await pay({ world, input: { orderId: order.orderId, status: fails ? 'FAILED' : 'SUCCESS' } });
  if (order.returnUrl === null) return void res.redirect(303, req.originalUrl);
  res.redirect(303, order.returnUrl.replaceAll('{order_id}', encodeURIComponent(order.orderId)));
}

function findBySession({ world, sessionId }: { world: World; sessionId: string }): GatewayOrder | undefined {
  return world.state.cashfree.orders.find((order) => order.sessionId === sessionId);
}

function describe(order: GatewayOrder): string {
  const amount = `${(order.amountPaise / 100).toFixed(2)} ${escapeHtml(order.currency)}`;
  const buttons =
    '<form method="post"><button name="action" value="pay">Pay</button> ' +
    '<button name="action" value="fail">Fail</button></form>';
  const open = orderStatus(order) === 'ACTIVE';
  return `<p>Order <b>${escapeHtml(order.orderId)}</b>: ${amount}</p>${open ? buttons : `<p>${orderStatus(order)}</p>`}`;
}
