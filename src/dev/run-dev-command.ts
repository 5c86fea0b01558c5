import { StackError } from './stack-error.ts';

/** Runs the body of a command and ends the process with the exit code it returns; what a person can mend is told in
 * its sentence, anything else with its stack. Guarded tools end with this process. */
export async function runDevCommand(body: () => Promise<number>): Promise<never> {
  try {
    process.exit(await body());
  } catch (thrown) {
    console.error(isForPeople(thrown) ? thrown.message : thrown);
    process.exit(1);
  }
}

function isForPeople(thrown: unknown): thrown is Error {
  if (thrown instanceof StackError) return true;
  return thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS');
}
