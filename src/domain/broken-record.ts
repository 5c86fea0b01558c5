/**
 * The database holds what no run of ours writes, or lacks what must be there: repeating the step is of no use, a
 * person has to look.
 */
export class BrokenRecord extends Error {
  override name = 'BrokenRecord';
}

/** Errors that another try cannot heal, by their names: what is stored, or the code, is wrong. */
export const brokenNames: readonly string[] = [
  'BrokenRecord',
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
];
