import { assertNever } from '../domain/assert-never.ts';
import type { GatewayName } from '../domain/order.ts';
import type { RefundNews, WebhookVerdict } from '../domain/webhook-verdict.ts';
import type { HttpDeps, WebhookJudge } from './ports.ts';
import { problem } from './problem.ts';
import type { Reply, RouteRequest } from './route.ts';

/** `POST /webhooks/cashfree`. */
export async function takeCashfree(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  return take({ request, deps, gateway: 'cashfree', judge: deps.ports.verifyCashfreeWebhook });
}

/** `POST /webhooks/razorpay`; nothing is there while that gateway is switched off. */
export async function takeRazorpay(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  const judge = deps.ports.verifyRazorpayWebhook;
  if (judge === null) {
    return problem({ type: 'not-found', detail: 'The gateway razorpay is switched off here.' });
  }
  return take({ request, deps, gateway: 'razorpay', judge });
}

const received: Reply = { status: 200, body: { received: true } };

/** The answer is a 2xx only once the news is kept: the gateway sends everything else again. */
async function take(input: {
  request: RouteRequest;
  deps: HttpDeps;
  gateway: GatewayName;
  judge: WebhookJudge;
}): Promise<Reply> {
  const { request, deps, gateway, judge } = input;
  const { ports, logger } = deps;
  const verdict = judge({ rawBody: request.rawBody, headers: request.headers });
  switch (verdict.kind) {
    case 'rejected':
      tellRejected({ logger, gateway, rejected: verdict });
      return problem(verdict.problem);
    case 'ignored':
      logger.info({ gateway }, `Webhook ignored: ${verdict.why}`);
      return received;
    case 'payment':
      await ports.acceptPayment(verdict.payment);
      return received;
    case 'paymentOfGatewayOrder': {
      const orderId = await ports.findGatewayOrder({ gateway, gatewayOrderId: verdict.gatewayOrderId });
      await ports.acceptPayment({ ...verdict.payment, orderId });
      return received;
    }
    case 'refund':
      await noteRefund(verdict.refund, deps);
      return received;
    default:
      return assertNever(verdict);
  }
}

async function noteRefund(refund: RefundNews, { ports, logger }: HttpDeps): Promise<void> {
  const { gateway, refundId, status } = refund;
  const members = { gateway, refundId, status };
  const noted = await ports.noteRefund(refund);
  if (noted === 'noted') logger.info(members, 'A refund was settled');
  else if (noted === 'unknown') logger.warn(members, 'A webhook tells of a refund that is not in our book');
  // Another try would change nothing, and a gateway stops sending where it is refused for long.
  else logger.error(members, 'A refund was paid that our book calls refused: its money went back twice');
}

/** What is signed and cannot be read may be money that moved: somebody must look at it in the gateway's dashboard. */
function tellRejected(input: {
  logger: HttpDeps['logger'];
  gateway: GatewayName;
  rejected: Extract<WebhookVerdict, { kind: 'rejected' }>;
}): void {
  const { logger, gateway, rejected } = input;
  const { status, problem: why } = rejected;
  const members = { gateway, problem: why.type };
  if (status === 401) logger.warn(members, why.detail);
  else logger.error(members, `A signed webhook could not be read; look at the payment. ${why.detail}`);
}
