/** A page of a simulated gateway, as HTML. */
export function paymentPage(content: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated payment</title>
<body style="font: 16px sans-serif; margin: 3rem"><h1>Simulated payment</h1>${content}
<p>No real money moves here.</p></body></html>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A text of a form that was posted; empty where it is missing. */
export function formText(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return '';
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : '';
}
