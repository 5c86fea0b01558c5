import { readConfig } from '../config.ts';
import { demoOrder } from '../dev/demo-order.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { StackError } from '../dev/stack-error.ts';

await runDevCommand(async () => {
  await demoOrder({ config: readApiConfig(), log: console.log });
  return 0;
});

/** What is wrong with the environment is a sentence for people, not a stack. */
function readApiConfig() {
  try {
    return readConfig('api');
  } catch (error) {
    throw new StackError(error instanceof Error ? error.message : String(error));
  }
}
