/**
 * The database holds what no run of ours writes, or lacks what must be there: repeating the step is of no use, a
 * person has to look.
 */
export class BrokenRecord extends Error {
  override name = 'BrokenRecord';
}
