/**
 * What a supplier answered or a person typed, for a terminal: control characters, which could move the cursor or hide
 * lines, are shown as a replacement character. Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\u{fffd}');
}
