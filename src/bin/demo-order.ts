import { readConfig } from '../config.ts';
import { demoOrder } from '../dev/demo-order.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { messageOf, StackError } from '../dev/stack-error.ts';
import { composeImport } from '../ops-composition.ts';

await runDevCommand(async () => {
  const { config, importCatalogue } = readSettings();
  await demoOrder({ config, importCatalogue, log: console.log });
  return 0;
});

/** What is wrong with the environment is a sentence for people, not a stack. */
function readSettings() {
  try {
    return { config: readConfig('api'), importCatalogue: composeImport(readConfig('import')) };
  } catch (thrown) {
    throw new StackError(messageOf(thrown));
  }
}
