import { readFile } from 'node:fs/promises';

/** Reads a JSON file that is to be imported. @throws one sentence with the way out. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const wayOut = isOnePerLine(text)
      ? 'It holds one document per line: make it one array (mongoexport --jsonArray, or jq -s .).'
      : 'Correct the file.';
    throw new Error(`Failed to import ${file}: it is not JSON (${reason}). ${wayOut}`);
  }
}

/** As mongoexport writes where it is not asked for an array. */
function isOnePerLine(text: string): boolean {
  const [first = '', second = ''] = text.split('\n', 2);
  return [first, second].every((line) => {
    try {
      return typeof JSON.parse(line) === 'object';
    } catch {
      return false;
    }
  });
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Error(`Failed to import ${file}: ${reason}. Check the path, seen from ${process.cwd()}.`);
  }
}
