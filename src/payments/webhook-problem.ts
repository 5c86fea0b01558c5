import type { z } from 'zod';
import type { FieldProblem, WebhookVerdict } from '../domain/webhook-verdict.ts';

/** A webhook with a right signature that cannot be read: 400 naming the fields. */
export function unreadableWebhook(errors: FieldProblem[]): WebhookVerdict {
  const named = errors.map((error) => `${error.field} ${error.message}`).join(' ');
  return {
    kind: 'rejected',
    status: 400,
    problem: { type: 'bad-webhook', detail: `Failed to read the signed webhook: ${named}`, errors },
  };
}

/** What does not fit, by field. */
export function fieldProblemsOf(error: z.ZodError): FieldProblem[] {
  return error.issues.map((issue) => ({ field: issue.path.join('.') || 'body', message: issue.message }));
}

/** A short text of a sender, safe to repeat in a sentence. */
export function printable(text: string): string {
  return text.replace(/[^\w.-]/g, '?').slice(0, 60);
}
