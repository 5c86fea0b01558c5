/** How deep replies were seen to be quoted: a JSON string that holds a JSON string that holds the reply. */
const deepestQuoting = 3;

function parseJsonString(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Takes up to three layers of JSON quoting, and space around them, off a reply; other text stays as it is. */
export function unwrapText(text: string): string {
  let current = text.trim();
  for (let depth = 0; depth < deepestQuoting && current.startsWith('"'); depth += 1) {
    const inner = parseJsonString(current);
    if (inner === undefined) return current;
    current = inner.trim();
  }
  return current;
}

/** Reads a reply as JSON through its layers of quoting; undefined where it is none. */
export function parseReplyJson(text: string): unknown {
  try {
    return JSON.parse(unwrapText(text));
  } catch {
    return undefined;
  }
}

/** The reason of a reply `error|<reason>`, cut short; undefined for any other reply. */
export function findErrorReason(text: string): string | undefined {
  return /^error\s*\|([\s\S]*)$/i.exec(unwrapText(text))?.[1]?.trim().slice(0, 200);
}
