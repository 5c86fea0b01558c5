import { defaultPayloadConverter, type RawValue, rawValueTypeInfo } from '@temporalio/common';
import { defineSignal, type SignalDefinition } from '@temporalio/workflow';

/** What a signal carried. `unreadable`: bytes, an unknown encoding or broken JSON; `why` never repeats the content. */
export type SignalInput =
  | { kind: 'none' }
  | { kind: 'text'; text: string }
  | { kind: 'fields'; fields: Readonly<Record<string, unknown>> }
  | { kind: 'unreadable'; why: string };

/**
 * Defines a signal whose handler gets the payload as it came. Every signal is defined so: a payload that the SDK
 * cannot decode before the handler runs fails every later task of that workflow
 * (https://github.com/temporalio/sdk-typescript/issues/1174).
 */
export function defineRawSignal<Name extends string>(name: Name): SignalDefinition<[RawValue?], Name> {
  return defineSignal<[RawValue?], Name>(name, { typeInfo: { inputTypes: everyInputRaw } });
}

/** A signal may carry more payloads than its handler takes, and each of them is decoded: all places are raw. */
export const everyInputRaw = new Proxy([rawValueTypeInfo] as [typeof rawValueTypeInfo], {
  get: (inputs, key) =>
    typeof key === 'string' && /^\d+$/.test(key) ? rawValueTypeInfo : Reflect.get(inputs, key),
});

/** Decodes what a signal carried. Never throws; null and an empty text count as no input. */
export function readSignal(raw: RawValue | undefined): SignalInput {
  if (raw === undefined) return { kind: 'none' };
  try {
    return sortInput(defaultPayloadConverter.fromPayload<unknown>(raw.payload));
  } catch {
    return { kind: 'unreadable', why: 'it is not JSON' };
  }
}

/** A message may carry two megabytes; so many characters of a text are read, and kept. */
const longestText = 1_000;

function shorten(text: string): string {
  return text.trim().slice(0, longestText);
}

/** The field `name` as trimmed text of at most 1,000 characters; undefined where it is missing, empty or no text. */
export function findText(input: { from: SignalInput; name: string }): string | undefined {
  if (input.from.kind !== 'fields') return undefined;
  const value = Object.hasOwn(input.from.fields, input.name) ? input.from.fields[input.name] : undefined;
  return typeof value === 'string' && value.trim() !== '' ? shorten(value) : undefined;
}

/** The field `name` as a safe integer; undefined where it is missing or anything else. */
export function findInteger(input: { from: SignalInput; name: string }): number | undefined {
  if (input.from.kind !== 'fields') return undefined;
  const value = Object.hasOwn(input.from.fields, input.name) ? input.from.fields[input.name] : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** Sorts what was decoded already, as the argument of an update is. Never throws. */
export function sortInput(value: unknown): SignalInput {
  if (value === undefined || value === null) return { kind: 'none' };
  if (typeof value === 'string') {
    return value.trim() === '' ? { kind: 'none' } : { kind: 'text', text: shorten(value) };
  }
  if (value instanceof Uint8Array) return { kind: 'unreadable', why: 'it is bytes' };
  if (Array.isArray(value)) return { kind: 'unreadable', why: 'it is a list' };
  if (typeof value === 'object') return { kind: 'fields', fields: value as Record<string, unknown> };
  return { kind: 'unreadable', why: `it is a ${typeof value}` };
}
