import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { failureCodes, orderStatuses } from '../domain/order.ts';
import { storySources } from '../domain/order-story.ts';
import { bodies } from './read-request.ts';
import type { Reply } from './route.ts';

const status = z.enum(orderStatuses).meta({ description: 'Where the order stands.' });
const moment = z.iso.datetime().meta({ description: 'ISO 8601, UTC.' });
const next = z.string().meta({ description: 'What happens next, in words.' });

const problemSchema = z
  .object({
    type: z.string().meta({ description: 'Stable: `/problems/<name>`.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'One sentence for people.' }),
    errorId: z.string().meta({ description: 'In our log too.' }),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .loose()
  .meta({ id: 'Problem', description: 'An error as RFC 9457 says it; some have members of their own.' });
const conflictSchema = problemSchema
  .extend({
    orderStatus: status.optional(),
    since: moment.optional(),
    ageSeconds: z.int().optional().meta({ description: 'For how long the order has had its status.' }),
  })
  .meta({
    id: 'Conflict',
    description: 'Why an order does not allow it; how it stands, where that decides.',
  });

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
const html = { 'text/html': { schema: z.string() } };
const problemJson = (schema: z.ZodType) => ({ 'application/problem+json': { schema } });
const failed = (description: string, schema: z.ZodType = problemSchema) => ({
  description,
  content: problemJson(schema),
});
const common = {
  '401': failed('No valid token.'),
  '503': failed('A part of the service cannot be reached: send the same again.'),
  default: failed('Any other error.'),
};
const forAdmins = { ...common, '403': failed('The token, or the page it comes from, does not allow it.') };
const refusals = { ...common, '400': failed('The request cannot be read.') };
const orderPath = { path: z.object({ id: z.string().meta({ description: "The order's id." }) }) };

const orderSchema = z
  .object({
    ...{ orderId: z.string(), status, statusSince: moment },
    statusText: z.string().optional().meta({ description: 'The status in words for staff.' }),
    customerText: z.string().meta({ description: 'The status in words for the customer.' }),
    ...{ productId: z.string(), productName: z.string(), ramGb: z.int(), os: z.string() },
    ...{ listPricePaise: z.int(), discountPaise: z.int(), amountPaise: z.int(), currency: z.string() },
    ...{ createdAt: moment, paidAt: moment.nullable() },
    failure: z.object({ code: z.enum(failureCodes), message: z.string(), since: moment }).optional(),
    server: z.object({ ip: z.string() }).optional(),
    next: z
      .object({ text: z.string(), at: moment.nullable() })
      .optional()
      .meta({ description: 'What happens next by itself, and when.' }),
    freeUntil: moment.optional().meta({ description: 'Until when a free month runs.' }),
  })
  .loose()
  .meta({ id: 'Order' });
const productSchema = z
  .object({
    productId: z.string(),
    name: z.string(),
    available: z.boolean(),
    sizes: z.array(z.object({ ramGb: z.int(), pricePaise: z.int() })),
  })
  .meta({ id: 'Product' });
const checkoutReply = z.object({
  orderId: z.string(),
  status,
  listPricePaise: z.int().meta({ description: 'Before the discount.' }),
  discountPaise: z.int(),
  amountPaise: z.int().meta({ description: 'What is left to pay.' }),
  currency: z.string(),
  orderUrl: z.url().meta({ description: "The customer's page of the order, by a signed link." }),
  payment: z.object({ gateway: z.string(), gatewayOrderId: z.string(), sessionId: z.string() }),
});
const accepted = z.object({ orderId: z.string(), orderStatus: status, next }).meta({ id: 'Accepted' });
const resolved = z.object({ orderId: z.string(), purchaseId: z.string(), next }).meta({ id: 'Resolved' });
const timeline = z.object({
  orderId: z.string(),
  status,
  statusText: z.string(),
  hasHistory: z
    .boolean()
    .meta({ description: "False where Temporal does not keep its workflows' steps any more." }),
  timeline: z.array(
    z.object({
      at: moment,
      source: z.enum(storySources),
      text: z.string(),
      detail: z.string().optional(),
    }),
  ),
});

const storefront = [{ storefrontToken: [] }, { adminToken: [] }];
const admin = [{ adminToken: [] }, { session: [] }];

function act(
  operationId: string,
  summary: string,
  body: z.ZodType,
  answer: z.ZodType = accepted,
): ZodOpenApiOperationObject {
  return {
    ...{ operationId, summary, tags: ['orders'], security: admin, requestParams: orderPath },
    requestBody: { required: body !== bodies.wishBody, content: json(body) },
    responses: {
      '202': { description: 'It is accepted.', content: json(answer) },
      ...{ ...refusals, ...forAdmins },
      '404': failed('There is no such order.'),
      '409': failed('The order does not allow it as it stands; the sentence says why.', conflictSchema),
    },
  };
}

const webhook = (gateway: string, signature: string): ZodOpenApiOperationObject => ({
  operationId: `${gateway}Webhook`,
  summary: `What ${gateway} tells of payments and refunds, signed by the header ${signature}.`,
  tags: ['webhooks'],
  security: [],
  requestBody: { content: json(z.object({}).loose()) },
  responses: {
    '200': { description: 'It is kept.', content: json(z.object({ received: z.literal(true) })) },
    '400': failed('It cannot be read.'),
    '401': failed('The signature is not valid.'),
    '404': failed('That gateway is switched off here.'),
    '503': common['503'],
    default: common.default,
  },
});

function open(operationId: string, summary: string, mediaType: string, problem: string) {
  return {
    ...{ operationId, summary, tags: ['operations'], security: [] },
    responses: {
      '200': { description: 'The answer.', content: { [mediaType]: { schema: z.unknown() } } },
      '503': failed(problem),
      default: common.default,
    },
  } satisfies ZodOpenApiOperationObject;
}

const linkUntil = z
  .string()
  .regex(/^\d{1,12}$/)
  .meta({ description: 'Until when the link counts: seconds since 1970.' });
const linkKey = z.string().meta({ description: 'Signs the link.' });
const linkParams = { ...orderPath, query: z.object({ until: linkUntil, key: linkKey }) };
const monthOffer = z.object({
  ...{ kind: z.literal('open'), orderId: z.string(), act: z.enum(['renew', 'switch']), ip: z.string() },
  ...{ productName: z.string(), amountPaise: z.int(), currency: z.string(), until: moment },
});

const refusedMonth = z.object({ kind: z.string(), sentence: z.string() });
/** What a customer is told where something of ours does not work. */
const troublePage = { description: 'Any error.', content: { ...html, ...problemJson(problemSchema) } };

/** A customer's link of a free month: a page, or JSON for who asks for it. */
function monthLink(act: 'renew' | 'switch', what: string) {
  const operation = (verb: string, summary: string): ZodOpenApiOperationObject => ({
    ...{
      operationId: `${verb}-${act}`,
      summary,
      tags: ['customers'],
      security: [],
      requestParams: linkParams,
    },
    responses: {},
  });
  const told = (description: string, schema: z.ZodType) => ({
    description,
    content: { ...json(schema), ...html },
  });
  const closed = told('Too late, or decided already.', refusedMonth);
  const bad = told('The link is not valid any more.', refusedMonth);
  const offer = told('What is offered.', monthOffer);
  const placed = told('The payment to be made.', checkoutReply);
  const away = told('The payment gateway did not take it.', refusedMonth);
  return {
    get: {
      ...operation('offer', `Shows what it means ${what}.`),
      responses: { 200: offer, 403: bad, 409: closed, default: troublePage },
    },
    post: {
      ...operation('choose', `Decides ${what}.`),
      responses: { 201: placed, 403: bad, 409: closed, 502: away, default: troublePage },
    },
  };
}

const paths: Record<string, Partial<Record<'get' | 'post', ZodOpenApiOperationObject>>> = {
  '/healthz': { get: open('health', 'The process runs.', 'application/json', 'It does not.') },
  '/readyz': {
    get: open('readiness', 'Everything that is needed answers.', 'application/json', 'Not ready.'),
  },
  '/metrics': {
    get: open('metrics', 'Figures for Prometheus.', 'text/plain', 'The database does not answer.'),
  },
  '/openapi.json': { get: open('description', 'This document.', 'application/json', 'Never.') },
  '/api/products': {
    get: {
      ...{
        operationId: 'listProducts',
        summary: 'What is sold; `available` is false where a checkout would be refused now.',
        tags: ['storefront'],
        security: storefront,
      },
      responses: { '200': { description: 'Products.', content: json(z.array(productSchema)) }, ...common },
    },
  },
  '/api/checkout': {
    post: {
      ...{ operationId: 'checkOut', summary: 'Makes an order and its payment.', tags: ['storefront'] },
      security: storefront,
      requestParams: {
        header: z.object({
          'Idempotency-Key': z
            .string()
            .optional()
            .meta({ description: 'The same key answers the first reply.' }),
        }),
      },
      requestBody: { required: true, content: json(bodies.checkoutBody) },
      responses: {
        '201': { description: 'The order is made.', content: json(checkoutReply) },
        ...refusals,
        '409': failed('Not sold at present.'),
        '422': failed('What was asked for is not sold so.'),
        '502': failed(
          'The payment gateway did not take it.',
          problemSchema.extend({ orderId: z.string().meta({ description: 'The order is kept, unpaid.' }) }),
        ),
      },
    },
  },
  '/api/orders/provision': {
    post: { ...act('provisionOrder', 'Retries an order.', bodies.provisionBody), requestParams: {} },
  },
  '/api/orders/{id}': {
    get: {
      ...{
        operationId: 'showOrder',
        summary: 'Where an order stands.',
        tags: ['storefront'],
        security: [...storefront, {}],
        description:
          "With a token, or by the customer's signed link without one: then without `failure`, `next` and `statusText`.",
      },
      requestParams: { ...orderPath, query: linkParams.query.partial() },
      responses: {
        '200': { description: 'The order.', content: json(orderSchema) },
        ...common,
        '404': failed('There is no such order.'),
      },
    },
  },
  '/api/orders/{id}/timeline': {
    get: {
      ...{ operationId: 'showTimeline', summary: 'Everything that happened to an order.', tags: ['orders'] },
      ...{ security: admin, requestParams: orderPath },
      responses: {
        '200': { description: 'By time, the oldest first.', content: json(timeline) },
        ...forAdmins,
        '404': failed('There is no such order.'),
      },
    },
  },
  '/api/orders/{id}/retry': { post: act('retryOrder', 'Retries an order.', bodies.wishBody) },
  '/api/orders/{id}/cancel': { post: act('cancelOrder', 'Cancels an order.', bodies.wishBody) },
  '/api/orders/{id}/compensate': { post: act('compensateOrder', 'Begins a remedy.', bodies.compensateBody) },
  '/api/orders/{id}/resolve': {
    post: act('resolveCase', "Settles the order's case.", bodies.resolveBody, resolved),
  },
  '/api/smartvps/sync': {
    post: {
      ...{ operationId: 'syncStock', summary: 'Reads the stock now.', tags: ['stock'], security: admin },
      requestBody: { content: json(bodies.wishBody) },
      responses: {
        '200': { description: 'What is known now.', content: json(z.object({}).loose()) },
        '202': {
          description: 'It is being read.',
          content: json(z.object({ workflowId: z.string(), next })),
        },
        ...{ ...refusals, ...forAdmins },
      },
    },
  },
  '/orders/{id}': {
    get: {
      operationId: 'showOrderToCustomer',
      summary:
        'How an order stands, in the words of its customer: where a gateway sends them after the payment.',
      tags: ['customers'],
      security: [],
      requestParams: linkParams,
      responses: {
        200: { description: 'A page.', content: html },
        403: {
          description: 'The link is not signed, or has expired; the page says how to get one.',
          content: html,
        },
        404: { description: 'There is no such order.', content: html },
        default: troublePage,
      },
    },
    post: {
      operationId: 'comeBackFromGateway',
      summary: 'Where a gateway sends the browser of a customer by POST; nothing in it is believed.',
      tags: ['customers'],
      security: [],
      requestParams: orderPath,
      responses: {
        200: { description: 'The page of the order, for who follows.' },
        303: { description: 'To the page of the order.' },
      },
    },
  },
  '/orders/{id}/renew': monthLink('renew', 'to keep the server for a paid month'),
  '/orders/{id}/switch': monthLink('switch', 'to order the right server instead'),
  '/webhooks/cashfree': { post: webhook('cashfree', 'x-webhook-signature') },
  '/webhooks/razorpay': { post: webhook('razorpay', 'x-razorpay-signature') },
};

/** The API as OpenAPI 3.1, from the schemas that read its requests. */
export function apiDocument(): ReturnType<typeof createDocument> {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Harbourmaster',
      version: '1',
      description: 'Sells VPS servers of an upstream supplier. Times are UTC, money is integer paise.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This service.' }],
    tags: ['storefront', 'customers', 'orders', 'stock', 'webhooks', 'operations'].map((name) => ({
      name,
      description: tagWords[name] ?? name,
    })),
    components: {
      securitySchemes: {
        storefrontToken: { type: 'http', scheme: 'bearer', description: 'STOREFRONT_TOKEN' },
        adminToken: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN' },
        session: {
          ...{ type: 'apiKey', in: 'cookie', name: 'harbourmaster.session' },
          description: 'Of the admin site; what writes also sends the header x-csrf-token.',
        },
      },
    },
    paths,
  });
}

const tagWords: Readonly<Record<string, string>> = {
  storefront: 'What the web shop calls.',
  customers: 'What the links in mails lead to.',
  orders: 'What admins look at and decide.',
  stock: "The supplier's pools of addresses.",
  webhooks: 'What payment gateways tell.',
  operations: 'What the monitoring asks.',
};

let told: string | null = null;

/** `GET /openapi.json`. */
export async function describeApi(): Promise<Reply> {
  told ??= JSON.stringify(apiDocument());
  return { status: 200, contentType: 'application/json', text: told };
}
