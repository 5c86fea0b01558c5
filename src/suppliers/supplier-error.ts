/**
 * Why a supplier did not do what it was asked:
 * `unreachable` no usable connection or answer, worth another try (what changes something may have happened);
 * `rejectedCredentials` it does not know us; `badReply` it answered what nobody can read; `refused` it said no.
 */
export type SupplierErrorCode = 'unreachable' | 'rejectedCredentials' | 'badReply' | 'refused';

/** A failed call. It carries no cause: errors of HTTP libraries hold requests with their credentials. */
export class SupplierError extends Error {
  readonly code: SupplierErrorCode;
  /** The reason alone, without "Failed to" and the way out. */
  readonly why: string;

  constructor(input: { code: SupplierErrorCode; action: string; why: string; remedy: string }) {
    super(`Failed to ${input.action}: ${input.why}. ${input.remedy}`);
    this.name = 'SupplierError';
    this.code = input.code;
    this.why = input.why;
  }
}
