import type { NextMove } from '../domain/order-notice.ts';
import { type MailDraft, type MailSettings, moment, type Written } from './mail-draft.ts';
import type { MailContent } from './render-mail.ts';

/** A mail to the admin, with a link to the page of `workflowId` in the Temporal Web UI where its address is known. */
export function adminMail(input: {
  settings: MailSettings;
  workflowId: string | null;
  subject: string;
  paragraphs: string[];
  facts: MailContent['facts'];
  closing?: string[];
}): MailDraft {
  const { settings, workflowId, subject, paragraphs, facts, closing = [] } = input;
  return {
    recipient: 'admin',
    subject,
    paragraphs,
    facts,
    link: workflowId === null ? null : workflowLink({ settings, workflowId }),
    closing,
  };
}

/** The workflow whose page tells most about a notice's order: its owner, else where its first owner would be. */
export function ownerOf({ notice, owner }: Written<{ orderId: string }>): string {
  return owner ?? `order-${notice.orderId}`;
}

/** What happens by itself, and when. */
export function sayNext(next: NextMove, settings: MailSettings): string {
  return next.at === null ? next.text : `${next.text} (${moment(next.at, settings)})`;
}

function workflowLink(input: { settings: MailSettings; workflowId: string }): MailContent['link'] {
  const { temporalUiUrl, namespace } = input.settings;
  if (temporalUiUrl === null) return null;
  const workflowId = encodeURIComponent(input.workflowId);
  return {
    label: 'Open the workflow',
    url: `${temporalUiUrl.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${workflowId}`,
  };
}
