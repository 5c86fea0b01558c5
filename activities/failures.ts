import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { brokenNames } from '../src/domain/broken-record.ts';

/** A wait, not a failure: tried again after `retryMs`, or at the pace of the activity's retry policy, without noise. */
export function notYet(input: { why: string; retryMs?: number }): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'NotYet',
    message: withoutPrivacy(input.why),
    ...(input.retryMs === undefined ? {} : { nextRetryDelay: input.retryMs }),
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Names and codes of errors that another try cannot heal: a person has to look. */
const lasting: readonly string[] = [...brokenNames, 'UnknownCustomerError', 'mailRefused'];

/**
 * The one map from an error to what Temporal keeps of it: type and message alone, without addresses of people and
 * logins in URLs. Causes and details stay behind, because errors of libraries can hold requests with their headers.
 */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const code = error instanceof Error && 'code' in error ? String(error.code) : name;
  return ApplicationFailure.create({
    type: name,
    message: withoutPrivacy(message),
    nonRetryable: lasting.includes(name) || lasting.includes(code),
  });
}

const urlLogin = /\/\/[^\s/@"'<>]+@/g;
const mailAddress = /[^\s@<>"'(),:;=[\]]+@[^\s@<>"'(),:;=[\]]+/g;
/** What `Message-ID`s of our mails look like: a hash, no person. */
const messageId = /^[0-9a-f]{32}@/;

function withoutPrivacy(text: string): string {
  return text
    .replace(urlLogin, '//[removed]@')
    .replace(mailAddress, (found) => (messageId.test(found) ? found : '[removed]'));
}

/** Wraps every activity so that what it throws passes through `toFailure`. */
export function withFailures<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
