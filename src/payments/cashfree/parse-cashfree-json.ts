/** Numbers of these names are kept as the text they were written with: no rounding of money or of long ids. */
const exactNames: readonly string[] = ['order_amount', 'payment_amount', 'cf_payment_id', 'cf_order_id'];

type SourceReviver = (name: string, value: unknown, context: { source?: string }) => unknown;

/** `JSON.parse` with the source text of numbers, which Node 24 hands to the reviver. */
const parseWithSources = JSON.parse as (text: string, reviver: SourceReviver) => unknown;

/** Reads JSON of Cashfree; amounts and ids that are numbers come out as their source text. Throws SyntaxError. */
export function parseCashfreeJson(text: string): unknown {
  return parseWithSources(text, (name, value, { source }) =>
    typeof value === 'number' && exactNames.includes(name) ? source : value,
  );
}
