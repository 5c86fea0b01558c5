import { userInfo } from 'node:os';

/** Who acts where `--by` names nobody: `cli (<user of the system>)`, the only name of a person that we keep. */
export function operatorName(): string {
  try {
    return `cli (${userInfo().username})`;
  } catch {
    // A user id without an entry in the system's list, as containers have it.
    return 'cli';
  }
}
