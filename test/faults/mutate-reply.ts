import type { Dice } from './dice.ts';
import type { CorpusEntry } from './reply-corpus.ts';

export interface MutatedReply {
  call: CorpusEntry['call'];
  httpStatus: number;
  bytes: Buffer;
  /** How it was made, for the message of a failed test. */
  made: string;
}

type Step = (bytes: Buffer, dice: Dice) => Buffer;

function someRange(bytes: Buffer, dice: Dice): [from: number, to: number] {
  const from = dice(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + dice(24))];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}

const toUnicodeEscapes = (text: string): string =>
  `"${[...text].map((sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0').slice(-4)}`).join('')}"`;

const encodings: ((text: string) => string)[] = [
  quoted,
  (text) => quoted(quoted(text)),
  (text) => quoted(quoted(quoted(text))),
  unquoted,
  (text) => unquoted(unquoted(text)),
  toUnicodeEscapes,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => encodeURIComponent(text.toWellFormed()),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text, 'utf16le').toString('latin1'),
  (text) => Buffer.from(text).toString('latin1'),
  (text) => `\uFEFF${text}`,
  (text) => `[${quoted(text)}]`,
  (text) => JSON.stringify({ result: text }),
  (text) => `<html><body>${text}</body></html>`,
  (text) => text.replaceAll('"', '\\"'),
  (text) => text.replace(/\d/g, (digit) => String.fromCodePoint(0x0660 + Number(digit))),
  (text) => text.replace(/\s+/g, ''),
  (text) => text.replace('|', '\n|\n'),
];

const steps: Record<string, Step> = {
  flip: (bytes, dice) => {
    const copy = Buffer.from(bytes);
    if (copy.length === 0) return copy;
    const at = dice(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << dice(8));
    return copy;
  },
  replace: (bytes, dice) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[dice(copy.length)] = dice(256);
    return copy;
  },
  remove: (bytes, dice) => {
    const [from, to] = someRange(bytes, dice);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  cut: (bytes, dice) => bytes.subarray(0, dice(bytes.length + 1)),
  double: (bytes, dice) => {
    const [from, to] = someRange(bytes, dice);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  move: (bytes, dice) => {
    const [from, to] = someRange(bytes, dice);
    const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    const at = dice(rest.length + 1);
    return Buffer.concat([rest.subarray(0, at), bytes.subarray(from, to), rest.subarray(at)]);
  },
  encode: (bytes, dice) => {
    const encode = encodings[dice(encodings.length)] ?? quoted;
    return Buffer.from(encode(bytes.toString('utf8')));
  },
};
const stepNames = Object.keys(steps);

function splice(one: CorpusEntry, other: CorpusEntry, dice: Dice): Buffer {
  const [head, tail] = [Buffer.from(one.body), Buffer.from(other.body)];
  if (dice(3) === 0) return Buffer.concat([head, tail]);
  return Buffer.concat([head.subarray(0, dice(head.length + 1)), tail.subarray(dice(tail.length + 1))]);
}

/** One reply made of the corpus: a piece of it, or two pieces, changed up to four times. */
export function mutateReply(corpus: readonly CorpusEntry[], dice: Dice): MutatedReply {
  const one = corpus[dice(corpus.length)];
  const other = corpus[dice(corpus.length)];
  if (!one || !other) throw new Error('The corpus is empty.');
  const isSplice = dice(3) === 0;
  const made = [isSplice ? `splice of ${quoted(one.body)} and ${quoted(other.body)}` : quoted(one.body)];
  let bytes = isSplice ? splice(one, other, dice) : Buffer.from(one.body);
  for (let left = dice(isSplice ? 4 : 3) + (isSplice ? 0 : 1); left > 0; left -= 1) {
    const name = stepNames[dice(stepNames.length)] ?? '';
    bytes = steps[name]?.(bytes, dice) ?? bytes;
    made.push(name);
  }
  // A splice of calls is asked as the purchase that it was sent as; statuses stay those of the corpus.
  return { call: one.call, httpStatus: one.httpStatus, bytes, made: made.join(', ') };
}
