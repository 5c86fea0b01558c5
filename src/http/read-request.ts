import { z } from 'zod';
import { operatingSystemNames } from '../domain/operating-system.ts';
import { isPublicIpv4 } from '../domain/package-name.ts';
import { type RemedyOption, remedyLetters, remedyOptions } from '../domain/remedy.ts';
import type { CheckoutRequest } from '../domain/storefront.ts';
import type { FieldProblem } from '../domain/webhook-verdict.ts';
import type { CompensateWish, OrderWish, ResolveRequest } from './ports.ts';
import { invalidRequest } from './problem.ts';
import type { Reply } from './route.ts';

/** Who acted where an API call does not say. */
const defaultActor = 'api token';

const orderIdPattern = /^[A-Za-z0-9-]{3,40}$/;

const text = (longest: number) =>
  z
    .string({ error: 'is missing or not a text.' })
    .trim()
    .regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${longest}}$`, 'u'), {
      error: `is not a line of 1 to ${longest} characters.`,
    });

/** 8 to 15 digits (E.164), as people write them; kept without spaces, dots, dashes and brackets. */
const phone = z
  .string({ error: 'is missing or not a text.' })
  .max(40, { error: 'is not a phone number of 8 to 15 digits.' })
  .transform((value) => value.replace(/[\s().-]/g, ''))
  .refine((value) => /^\+?\d{8,15}$/.test(value), { error: 'is not a phone number of 8 to 15 digits.' });

/** In small letters, as no mail provider tells them apart: so that a customer is found however they typed it. */
const email = z
  .string({ error: 'is missing or not a text.' })
  .trim()
  .toLowerCase()
  .max(254, { error: 'is longer than 254 characters.' })
  .refine((value) => z.email().safeParse(value).success, { error: 'is not a mail address.' });

const checkoutBody = z.object(
  {
    productId: text(64),
    ramGb: z.int({ error: 'is missing or not a whole number.' }).min(1, { error: 'is not above 0.' }),
    os: z.enum(operatingSystemNames, {
      error: `is not an operating system that is sold. Use one of: ${operatingSystemNames.join(', ')}.`,
    }),
    customer: z.object({ name: text(100), email, phone }, { error: 'is missing or not an object.' }),
    discountCode: z
      .string({ error: 'is not a text.' })
      .trim()
      .max(64, { error: 'is longer than 64 characters.' })
      .nullish(),
    gateway: z
      .enum(['cashfree', 'razorpay'], { error: 'is not a gateway. Use cashfree or razorpay.' })
      .default('cashfree'),
  },
  { error: 'is missing or not a JSON object.' },
);

const idempotencyKeyHeader = z.string().regex(/^[\x21-\x7e]{1,200}$/, {
  error: 'is not 1 to 200 printable characters without spaces.',
});

const wishMembers = { reason: text(500).nullish(), by: text(100).nullish() };
const wishBody = z.object(wishMembers, { error: 'is not a JSON object.' });
const provisionBody = z.object(
  {
    orderId: z
      .string({ error: 'is missing or not a text.' })
      .regex(orderIdPattern, { error: 'is not an order id (letters, digits and dashes, 3 to 40).' }),
    ...wishMembers,
  },
  { error: 'is missing or not a JSON object.' },
);

const compensateBody = z
  .object(
    {
      option: z.string({ error: 'is missing or not a text.' }).transform((given, context): RemedyOption => {
        const found = findRemedy(given);
        if (found !== undefined) return found;
        context.addIssue(
          `is not a remedy. Use one of: ${remedyOptions.join(', ')}; A, B and C stand for the first three.`,
        );
        return z.NEVER;
      }),
      productId: text(64).nullish(),
      amountPaise: z
        .int({ error: 'is not a whole number of paise.' })
        .min(1, { error: 'is not above 0.' })
        .nullish(),
      reference: text(200).nullish(),
      ...wishMembers,
    },
    { error: 'is missing or not a JSON object.' },
  )
  .refine(({ option, reference }) => option !== 'refundedByHand' || Boolean(reference), {
    path: ['reference'],
    error: 'is missing: with refundedByHand, say the reference of the transfer.',
  });

function findRemedy(given: string): RemedyOption | undefined {
  const named = Object.hasOwn(remedyLetters, given) ? remedyLetters[given] : given;
  return remedyOptions.find((option) => option === named);
}

const settledBy = {
  purchaseId: text(60).nullish(),
  acceptMismatch: z.boolean({ error: 'is not true or false.' }).default(false),
  ...wishMembers,
};
const resolveBody = z.discriminatedUnion(
  'outcome',
  [
    z.object({
      outcome: z.literal('bought'),
      ip: z
        .string({ error: 'is missing or not a text.' })
        .trim()
        .refine(isPublicIpv4, { error: 'is not a public IPv4 address.' }),
      ...settledBy,
    }),
    z.object({ outcome: z.literal('notBought'), ...settledBy }),
  ],
  { error: 'is missing or not "bought" or "notBought".' },
);

/** What each route reads, for its description. */
export const bodies = { checkoutBody, provisionBody, wishBody, compensateBody, resolveBody };

export type ReadResult<T> = { ok: true; value: T } | { ok: false; reply: Reply };

/** Reads a checkout; members that it does not know, such as a price, are ignored. */
export function readCheckout(input: {
  body: unknown;
  idempotencyKey: string | string[] | undefined;
}): ReadResult<CheckoutRequest> {
  const body = checkoutBody.safeParse(input.body);
  const key = idempotencyKeyHeader.optional().safeParse(input.idempotencyKey);
  if (!body.success || !key.success) {
    const keyProblems = key.success ? [] : fieldProblems(key.error, 'Idempotency-Key');
    return refused([...(body.success ? [] : fieldProblems(body.error)), ...keyProblems]);
  }
  const { discountCode, ...order } = body.data;
  return {
    ok: true,
    value: { ...order, discountCode: discountCode || null, idempotencyKey: key.data ?? null },
  };
}

/** Reads `POST /api/orders/provision`. */
export function readProvision(body: unknown): ReadResult<OrderWish> {
  const parsed = provisionBody.safeParse(body);
  if (!parsed.success) return refused(fieldProblems(parsed.error));
  return { ok: true, value: wishOf(parsed.data.orderId, parsed.data) };
}

/** Reads `POST /api/orders/:id/retry` and `/cancel`, whose body may be absent. */
export function readWish(input: { orderId: string; body: unknown }): ReadResult<OrderWish> {
  const parsed = wishBody.safeParse(input.body ?? {});
  if (!parsed.success) return refused(fieldProblems(parsed.error));
  return { ok: true, value: wishOf(input.orderId, parsed.data) };
}

/** Reads `POST /api/orders/:id/compensate`. */
export function readCompensate(input: { orderId: string; body: unknown }): ReadResult<CompensateWish> {
  const parsed = compensateBody.safeParse(input.body);
  if (!parsed.success) return refused(fieldProblems(parsed.error));
  const { option, productId, amountPaise, reference, ...said } = parsed.data;
  const value = {
    ...wishOf(input.orderId, said),
    option,
    ...(productId ? { productId } : {}),
    ...(amountPaise ? { amountPaise } : {}),
    ...(reference ? { reference } : {}),
  };
  return { ok: true, value };
}

/** Reads `POST /api/orders/:id/resolve`. */
export function readResolve(input: { orderId: string; body: unknown }): ReadResult<ResolveRequest> {
  const parsed = resolveBody.safeParse(input.body);
  if (!parsed.success) return refused(fieldProblems(parsed.error));
  const { purchaseId, reason, by, ...said } = parsed.data;
  const resolution = { ...said, by: by ?? defaultActor, reason: reason ?? null };
  const { orderId } = input;
  return { ok: true, value: { orderId, ...(purchaseId ? { purchaseId } : {}), resolution } };
}

function wishOf(orderId: string, { reason, by }: z.output<typeof wishBody>): OrderWish {
  return { orderId, ...(reason ? { reason } : {}), by: by ?? defaultActor };
}

/** True where `text` can be the id of an order of ours. */
export function isOrderId(text: string): boolean {
  return orderIdPattern.test(text);
}

function refused(errors: FieldProblem[]): { ok: false; reply: Reply } {
  return { ok: false, reply: invalidRequest(errors) };
}

function fieldProblems(error: z.ZodError, whole = 'body'): FieldProblem[] {
  return error.issues.map((issue) => ({ field: issue.path.join('.') || whole, message: issue.message }));
}
