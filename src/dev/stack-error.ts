/** Something about the local tools that a person can mend; the message is a whole sentence with the way out. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
