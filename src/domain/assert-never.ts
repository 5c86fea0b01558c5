/** Marks a branch that the types rule out. Throws without showing the value, which may hold a secret. */
export function assertNever(value: never): never {
  const shown: unknown = value;
  throw new TypeError(
    `Unexpected value of a closed union: ${typeof shown === 'string' ? shown : typeof shown}`,
  );
}
