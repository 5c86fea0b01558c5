import { parseRupees } from '../../domain/money.ts';
import type { HttpDeps } from '../ports.ts';
import { isOrderId, readCompensate, readResolve } from '../read-request.ts';
import type { Notice, Reply, RouteRequest } from '../route.ts';
import { backTo } from './layout.ts';
import { orderPage } from './order-page.ts';
import { formOf, noReason, noticeOf, readSaid, visitorOf } from './read-form.ts';
import type { Said } from './site-ports.ts';

type Act = (
  input: Said & { orderId: string; form: Record<string, string> },
  ports: HttpDeps['ports'],
) => Promise<Notice>;

/** A form of an order's page: does it and goes back to the page, which shows the answer. */
function takeAct(act: Act): (request: RouteRequest, deps: HttpDeps) => Promise<Reply> {
  return async (request, { ports }) => {
    const visitor = visitorOf(request);
    const orderId = request.params.id ?? '';
    if (!isOrderId(orderId)) return backTo('/admin/manageOrders');
    const said = readSaid(request);
    const form = formOf(request);
    visitor.tell(said === null ? noReason : await act({ ...said, orderId, form }, ports));
    return backTo(`/admin/orders/${orderId}`);
  };
}

export const retryFromPage = takeAct(async ({ orderId, by, reason }, ports) =>
  noticeOf(await ports.retryOrder({ orderId, by, reason })),
);

export const cancelFromPage = takeAct(async ({ orderId, by, reason }, ports) =>
  noticeOf(await ports.cancelOrder({ orderId, by, reason })),
);

export const compensateFromPage = takeAct(async ({ orderId, by, reason, form }, ports) => {
  const { option, productId, amount, reference } = form;
  const amountPaise = amount ? parseRupees(amount) : undefined;
  if (amount && !amountPaise) return noAmount;
  const body = {
    ...{ option, by, reason },
    ...(productId ? { productId } : {}),
    ...(amountPaise === undefined ? {} : { amountPaise }),
    ...(reference ? { reference } : {}),
  };
  const read = readCompensate({ orderId, body });
  return read.ok ? noticeOf(await ports.compensateOrder(read.value)) : refusedForm(read.reply);
});

const noAmount: Notice = {
  tone: 'bad',
  lines: ['Nothing was done: write the amount in rupees, like 150 or 150.00.'],
};

export const resolveFromPage = takeAct(async ({ orderId, by, reason, form }, ports) => {
  const { outcome, ip, acceptMismatch } = form;
  const body = { outcome, by, reason, acceptMismatch: acceptMismatch === 'true', ...(ip ? { ip } : {}) };
  const read = readResolve({ orderId, body });
  return read.ok ? noticeOf(await ports.resolveCase(read.value)) : refusedForm(read.reply);
});

export const assignFromPage = takeAct(async ({ orderId, by, reason, form }, ports) =>
  noticeOf(await ports.assignServer({ orderId, by, reason, ip: form.ip ?? '' })),
);

/** `POST /admin/orders/:id/customer`: in the answer itself, and nowhere else. */
export async function showCustomer(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  const orderId = request.params.id ?? '';
  const said = readSaid(request);
  if (said === null || !isOrderId(orderId)) return refuse(request, orderId, noReason);
  const contact = await deps.ports.showCustomer({ ...said, orderId });
  if (contact === null) return refuse(request, orderId, noticeOf({ kind: 'notFound' }));
  return orderPage(request, deps, { contact });
}

/** `POST /admin/orders/:id/login`: in the answer itself, and nowhere else. */
export async function showLoginOfServer(request: RouteRequest, deps: HttpDeps): Promise<Reply> {
  const orderId = request.params.id ?? '';
  const said = readSaid(request);
  if (said === null || !isOrderId(orderId)) return refuse(request, orderId, noReason);
  const outcome = await deps.ports.revealLogin({ ...said, orderId });
  if (outcome.kind !== 'revealed') return refuse(request, orderId, noticeOf(outcome));
  return orderPage(request, deps, { login: outcome.login });
}

function refuse(request: RouteRequest, orderId: string, notice: Notice): Reply {
  visitorOf(request).tell(notice);
  return backTo(isOrderId(orderId) ? `/admin/orders/${orderId}` : '/admin/manageOrders');
}

function refusedForm(reply: Reply): Notice {
  const detail = 'body' in reply && 'detail' in reply.body ? String(reply.body.detail) : 'It cannot be read.';
  return { tone: 'bad', lines: [detail] };
}
