import { html } from 'hono/html';

/** Escaped HTML, as the tagged template makes it; values that are put in are escaped, parts that are HTML are not. */
export type Html = ReturnType<typeof html>;

export const nothing: Html = html``;
