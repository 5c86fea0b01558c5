import type { temporal } from '@temporalio/proto';
import fc from 'fast-check';
import { remedyLetters, remedyOptions } from '../../src/domain/remedy.ts';

type Payload = temporal.api.common.v1.IPayload;

/** The payloads of one message: none at all, one, or two. */
export type OddInput = readonly Payload[];

const text = (value: string) => Buffer.from(value, 'utf8');
const encoded = (encoding: Uint8Array | string, data: Uint8Array): Payload => ({
  metadata: { encoding: typeof encoding === 'string' ? text(encoding) : encoding },
  data,
});

const longTexts = fc.integer({ min: 2_000, max: 100_000 }).map((length) => 'long '.repeat(length / 5));
const texts = fc.oneof(
  { weight: 40, arbitrary: fc.string() },
  { weight: 20, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 20, arbitrary: fc.constantFrom('', ' ', 'null', '{}', '\u0000', '\ud800', '__proto__', '$gt') },
  { weight: 10, arbitrary: fc.constantFrom('retry', 'refunds', 'notbought', 'order-1', '[object Object]') },
  { weight: 1, arbitrary: longTexts },
);
const numbers = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 0.5, 1e21, 2 ** 53));
const nested = fc.integer({ min: 1, max: 2_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);
/** Keys that mean something to a database or to JavaScript itself. */
const trickyKeys = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'length'],
  ...['$gt', '$ne', '$where', '$set', 'a.b', '', '_id'],
);
const values = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 4 }));
const trickyObjects = fc.dictionary(trickyKeys, values, { maxKeys: 5 });

/** What each field of our messages may hold, right and wrong; never all that makes a decision (see `decides`). */
const fields: Record<string, fc.Arbitrary<unknown>> = {
  reason: texts,
  by: texts,
  option: fc.constantFrom('refunds', 'D', 'e', 'toString', '__proto__'),
  outcome: fc.constantFrom('bought', 'notbought', 'toString'),
  ip: fc.constantFrom('103.99.1.7', '999.1.1.1', '103.99.1', 'localhost', '::1', '103.99.1.7; rm'),
  acceptMismatch: fc.constantFrom('true', 1, 'yes'),
  productId: texts,
  reference: texts,
  amountPaise: fc.constantFrom(-1, 0, 0.5, 1e300, '49900'),
  requestId: fc.constantFrom('nobody#1', 'r'.repeat(2_000), '\ud800'),
  workflowId: fc.constantFrom('nobody-here', 'w'.repeat(2_000), '\ud800'),
  lockId: fc.constantFrom('package-lock-smartvps-0.0.0', 'package-lock-', 'l'.repeat(2_000)),
  fencingNumber: numbers,
  askedAtMs: numbers,
  until: fc.constantFrom('tomorrow', '2026-11-21T10:00:00.000Z', '+275761-01-01T00:00:00Z'),
  gateway: fc.constantFrom('cashfree', 'paypal', 'razorpay'),
  paymentId: fc.constantFrom('1', 'p'.repeat(2_000)),
  currency: fc.constantFrom('INR', 'XXX'),
  paidAt: fc.constantFrom('yesterday', '2026-11-21T10:00:00.000Z', '+275761-01-01T00:00:00Z'),
};
const messageObjects = fc.record(
  Object.fromEntries(
    Object.entries(fields).map(([name, usual]) => [
      name,
      fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: fc.oneof(values, trickyObjects) }),
    ]),
  ),
  { requiredKeys: [] },
);

/** As text, because an object literal with `__proto__` would lose it. */
const jsonTexts = fc.oneof(
  { weight: 6, arbitrary: messageObjects.map((value) => JSON.stringify(value)) },
  { weight: 3, arbitrary: values.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: trickyObjects.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: values.map((value) => `{"__proto__": ${JSON.stringify(value)}, "reason": "x"}`) },
  { weight: 1, arbitrary: fc.array(values, { maxLength: 5 }).map((list) => JSON.stringify(list)) },
  { weight: 1, arbitrary: nested },
);
const brokenTexts = fc.oneof(
  jsonTexts.map((whole) => whole.slice(0, -1)),
  fc.string(),
  fc.constantFrom('{', '{"reason":', "{'reason': 'x'}", 'undefined', 'NaN', '\ufeff{}', '{"a":1}{"b":2}'),
);
const bytes = fc.uint8Array({ maxLength: 200 }).map((data) => Buffer.from(data));
const messageTypes = fc.constantFrom('google.protobuf.Struct', 'some.Message', '', '__proto__');

const payloads: fc.Arbitrary<Payload> = fc.oneof(
  { weight: 12, arbitrary: jsonTexts.map((json) => encoded('json/plain', text(json))) },
  { weight: 3, arbitrary: brokenTexts.map((broken) => encoded('json/plain', text(broken))) },
  { weight: 1, arbitrary: bytes.map((data) => encoded('json/plain', data)) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('json/protobuf', 'binary/protobuf'),
        messageTypes,
        fc.oneof(jsonTexts.map(text), bytes),
      )
      .map(([encoding, messageType, data]) => ({
        metadata: { encoding: text(encoding), messageType: text(messageType) },
        data,
      })),
  },
  { weight: 1, arbitrary: jsonTexts.map((json) => encoded('json/protobuf', text(json))) },
  { weight: 1, arbitrary: bytes.map((data) => encoded('binary/null', data)) },
  { weight: 2, arbitrary: bytes.map((data) => encoded('binary/plain', data)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.oneof(fc.constantFrom('binary/encrypted', 'json/external', 'JSON/PLAIN', ''), fc.string()),
        bytes,
      )
      .map(([encoding, data]) => encoded(encoding, data)),
  },
  { weight: 1, arbitrary: fc.tuple(bytes, bytes).map(([encoding, data]) => encoded(encoding, data)) },
  { weight: 1, arbitrary: jsonTexts.map((json) => ({ data: text(json) })) },
  { weight: 1, arbitrary: fc.constantFrom<Payload>({}, { metadata: {} }, encoded('json/plain', text(''))) },
);

/** What the signal form of the Web UI, the CLI or any client can send, but nothing that is a decision by itself. */
const oddInputs: fc.Arbitrary<OddInput> = fc
  .oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 15, arbitrary: payloads.map((payload) => [payload]) },
    { weight: 1, arbitrary: fc.tuple(payloads, payloads).map((pair) => [...pair]) },
  )
  .filter((input) => !decides(input));

/** `count` inputs; the same seed gives the same. */
export function generateInputs(wish: { count: number; seed: number }): OddInput[] {
  return fc.sample(oddInputs, { numRuns: wish.count, seed: wish.seed });
}

const decisions = new Set<string>([...remedyOptions, ...Object.keys(remedyLetters), 'notBought']);

/** True where a remedy or an outcome is named, by chance: that would rightly move an order. */
function decides(input: OddInput): boolean {
  return input.some(({ data }) => {
    try {
      const said: unknown = JSON.parse(Buffer.from(data ?? []).toString());
      const { option, outcome } = Object(said) as Record<string, unknown>;
      return [said, option, outcome].some(
        (word) =>
          typeof word === 'string' &&
          (decisions.has(word.trim()) || decisions.has(word.trim().toUpperCase())),
      );
    } catch {
      return false;
    }
  });
}

/** For a failure's report: what was sent, cut short. */
export function describeInput(input: OddInput): string {
  if (input.length === 0) return 'no input';
  return input
    .map(({ metadata, data }) => {
      const encoding = metadata?.encoding ? Buffer.from(metadata.encoding).toString() : 'no encoding';
      return `${encoding}: ${Buffer.from(data ?? [])
        .toString()
        .slice(0, 200)}`;
    })
    .join(' and ');
}
