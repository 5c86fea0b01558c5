const hidden = '[secret]';

/** A value that shows itself only when asked: JSON, templates and inspection print `[secret]`. */
export interface Secret {
  reveal(): string;
}

/** Wraps `value`; the text lives in a closure, so no walk over properties finds it. */
export function secret(value: string): Secret {
  return Object.freeze({
    reveal: () => value,
    toJSON: () => hidden,
    toString: () => hidden,
    [Symbol.toPrimitive]: () => hidden,
    [Symbol.for('nodejs.util.inspect.custom')]: () => hidden,
  });
}
