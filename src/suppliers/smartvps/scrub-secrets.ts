const removed = '[removed]';

/** Longest run of a reply that is looked at; what is stored of it is far shorter. */
const longestScrubbed = 64 * 1024;
/** Our values below this length are taken out as whole words only: a user name `u` is no part of `success`. */
const longestShortValue = 7;

/**
 * `Password: x`, `"token":"x"`, also inside JSON strings (`\"pwd\":\"x\"`). A quoted value goes up to the quote
 * that ends it, another one up to a space or the next label.
 */
const labelledSecret =
  /((?:pass(?:word|wd|phrase|code)?|pwd|token|secret|api[-_ ]?key|authorization|cookie)\\*["']?[ \t]*(?:[:=]|=>)[ \t]*)(?:(\\*["'])[\s\S]*?(?:(?<!\\)\2|$)|(?:[^\s,;&|]|[,;&|](?![\w"' -]{1,30}[:=]))+)/gi;
const authorizationValue = /\b(basic|bearer)[ \t]+[A-Za-z0-9+/=._~-]{8,}/gi;

/** What no short value of ours changes: the verdict in front, and whole addresses. */
const kept = /(^[\s"\\]*(?:success|error)\s*\||(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d))/i;

function escapeUnicode(text: string): string {
  const toEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\u007f-\uffff]/g, toEscape);
}

/** A value as JSON writes it one level deeper, in the ways that are in use (`\/` and `\u00e9` are PHP's). */
function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const slashed = plain.replaceAll('/', '\\/');
  return [plain, slashed, escapeUnicode(plain), escapeUnicode(slashed)];
}

function formsOf(value: string): string[] {
  let level = [value];
  const forms = [value, encodeURIComponent(value.toWellFormed()), Buffer.from(value).toString('base64')];
  for (let depth = 0; depth < 3; depth += 1) {
    level = [...new Set(level.flatMap(jsonForms))];
    forms.push(...level);
  }
  return forms;
}

function toPattern(form: string): string {
  const escaped = form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  if (form.length > longestShortValue) return escaped;
  const before = /^[\p{L}\p{N}]/u.test(form) ? '(?<![\\p{L}\\p{N}])' : '';
  const after = /[\p{L}\p{N}]$/u.test(form) ? '(?![\\p{L}\\p{N}])' : '';
  return `${before}${escaped}${after}`;
}

function createRemover(forms: readonly string[]): (text: string) => string {
  if (forms.length === 0) return (text) => text;
  const pattern = new RegExp(forms.map(toPattern).join('|'), 'gu');
  return (text) => text.replace(pattern, removed);
}

/**
 * Makes the function that takes secrets out of a reply: ours in every written form, whatever is labelled as a
 * password or token, and authorization values.
 */
export function createSecretScrubber(input: {
  username: string;
  password: string;
}): (text: string) => string {
  const { username, password } = input;
  const values = [`${username}:${password}`, password, username].filter((value) => /[^:]/.test(value));
  const forms = [...new Set(values.flatMap(formsOf))].sort((one, other) => other.length - one.length);
  const removeLong = createRemover(forms.filter((form) => form.length > longestShortValue));
  const removeShort = createRemover(forms.filter((form) => form.length <= longestShortValue));
  return (text) => {
    const unlabelled = text
      .slice(0, longestScrubbed)
      .replace(authorizationValue, `$1 ${removed}`)
      .replace(labelledSecret, `$1${removed}`);
    const parts = removeLong(unlabelled).split(kept);
    return parts.map((part, index) => (index % 2 === 1 ? part : removeShort(part))).join('');
  };
}
