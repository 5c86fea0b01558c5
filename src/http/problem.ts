import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { FieldProblem } from '../domain/webhook-verdict.ts';
import type { JsonReply } from './route.ts';

/** The stable types of our errors (`/problems/<name>`), each with its status and its title. */
const problems = {
  'invalid-request': [400, 'The request is not valid'],
  'broken-json': [400, 'The body is not JSON'],
  'bad-webhook': [400, 'The webhook cannot be read'],
  'bad-signature': [401, 'The signature is not valid'],
  'not-signed-in': [401, 'A valid token is needed'],
  'not-allowed': [403, 'The token does not allow this'],
  'forged-request': [403, 'The request does not come from this site'],
  'not-found': [404, 'There is nothing here'],
  'unknown-order': [404, 'The order does not exist'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  'order-in-progress': [409, 'The order is in progress'],
  'not-possible-now': [409, 'The order does not allow this as it stands'],
  'case-not-resolved': [409, 'The case cannot be resolved so'],
  'product-disabled': [409, 'The product is not sold at present'],
  'at-capacity': [409, 'The package is at capacity'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body has a type that is not read here'],
  'unknown-product': [422, 'The product does not exist'],
  'size-not-sold': [422, 'The memory size is not sold'],
  'unknown-discount-code': [422, 'The discount code is not known'],
  'discount-not-usable': [422, 'The discount code cannot be used for this order'],
  'gateway-off': [422, 'The payment gateway is switched off'],
  'gateway-refused': [422, 'The payment gateway refused what was entered'],
  'idempotency-key-reused': [422, 'The Idempotency-Key was used for another request'],
  'internal-error': [500, 'Something went wrong here'],
  'gateway-failed': [502, 'The payment gateway did not take the order'],
  unavailable: [503, 'A part of the service cannot be reached'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemType = keyof typeof problems;

/** How long a client waits before it asks again, in seconds. */
const retryAfterSeconds = 10;

/**
 * An error as RFC 9457 says it: a stable type, a title, the status and one sentence; `errorId` is in the log too.
 */
export function problem(input: {
  type: ProblemType;
  detail: string;
  errors?: readonly FieldProblem[];
  members?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
}): JsonReply {
  const [status, title] = problems[input.type];
  return {
    status,
    body: {
      ...input.members,
      type: `/problems/${input.type}`,
      title,
      status,
      detail: input.detail,
      errorId: randomUUID(),
      ...(input.errors === undefined ? {} : { errors: input.errors }),
    },
    ...(input.headers === undefined ? {} : { headers: input.headers }),
  };
}

/** A 400 that names each field and what is wrong with it. */
export function invalidRequest(errors: readonly FieldProblem[]): JsonReply {
  const named = errors.map((error) => `${error.field} ${error.message}`).join(' ');
  return problem({ type: 'invalid-request', detail: `Failed to read the request: ${named}`, errors });
}

/** A 503: the client may send the same again. */
export function unavailable(detail: string): JsonReply {
  return problem({ type: 'unavailable', detail, headers: { 'retry-after': String(retryAfterSeconds) } });
}

const unavailableSentences: Readonly<Record<string, string>> = {
  temporalUnavailable: 'Failed to reach Temporal. Nothing is lost: send the same again.',
  databaseUnavailable: 'Failed to reach the database. Send the same again.',
  gatewayUnavailable: 'Failed to find the order of this payment. Send the same again.',
};

/** The answer to whatever a handler or a body reader threw. */
export function problemOf(error: unknown): JsonReply {
  const { code, status } = factsOf(error);
  const sentence = unavailableSentences[code];
  if (sentence !== undefined) return unavailable(sentence);
  return requestProblem(error, status) ?? problem({ type: 'internal-error', detail: internalSentence });
}

const internalSentence =
  'Failed to answer: an error of ours. Try again; if it stays, give the errorId to whoever runs the shop.';

function factsOf(error: unknown): { code: string; status: number } {
  const { code, status } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  return {
    code: typeof code === 'string' ? code : '',
    status: typeof status === 'number' ? status : 0,
  };
}

/** What express and its body readers threw about the request; their own messages can repeat the body. */
function requestProblem(error: unknown, status: number): JsonReply | null {
  if (status === 413)
    return problem({
      type: 'body-too-large',
      detail: 'The body is larger than this route takes. Send less.',
    });
  if (status === 415) {
    return problem({
      type: 'unsupported-media-type',
      detail: 'The body is compressed or in another charset. Send plain UTF-8.',
    });
  }
  if (error instanceof SyntaxError && status === 400) {
    return problem({
      type: 'broken-json',
      detail: 'The body is not JSON. Send one JSON object.',
      errors: [{ field: 'body', message: 'is not JSON.' }],
    });
  }
  if (status < 400 || status > 499) return null;
  const reason = STATUS_CODES[status] ?? 'Bad Request';
  return problem({ type: 'invalid-request', detail: `The request cannot be read (${reason}).` });
}
