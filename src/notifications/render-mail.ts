/** What a mail says, before it is text and HTML. */
export interface MailContent {
  subject: string;
  paragraphs: string[];
  facts: { label: string; value: string }[];
  link: { label: string; url: string } | null;
  /** After the facts and the link. */
  closing: string[];
}

/** Writes a mail as plain text and as HTML; every text from outside is escaped. */
export function renderMail(content: MailContent): { subject: string; text: string; html: string } {
  return { subject: content.subject, text: renderText(content), html: renderHtml(content) };
}

function renderText({ paragraphs, facts, link, closing }: MailContent): string {
  const blocks = [
    ...paragraphs,
    ...(facts.length === 0 ? [] : [facts.map((fact) => `${fact.label}: ${fact.value}`).join('\n')]),
    ...(link === null ? [] : [`${link.label}: ${link.url}`]),
    ...closing,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function renderHtml({ paragraphs, facts, link, closing }: MailContent): string {
  const rows = facts.map(
    ({ label, value }) =>
      `<tr><th align="left">${escapeHtml(label)}</th><td><code>${escapeHtml(value)}</code></td></tr>`,
  );
  const blocks = [
    ...paragraphs.map(paragraph),
    ...(rows.length === 0 ? [] : [`<table cellpadding="4">${rows.join('')}</table>`]),
    ...(link === null ? [] : [`<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a></p>`]),
    ...closing.map(paragraph),
  ];
  return `<!doctype html>\n<html lang="en"><body style="font-family: sans-serif">\n${blocks.join('\n')}\n</body></html>\n`;
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
