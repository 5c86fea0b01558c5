import { spawn } from 'node:child_process';
import { startEmbeddedStack } from '../dev/embedded-stack.ts';
import { orderSearchAttributes } from '../dev/order-search-attributes.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { selectTests, testRunnerFlags } from '../dev/test-selection.ts';
import { shutdownRequested } from '../shutdown.ts';

await runDevCommand(async () => {
  const { files, flags } = selectTests({ root: process.cwd(), wishes: process.argv.slice(2) });
  const asked = shutdownRequested();
  const stack = await startEmbeddedStack({
    searchAttributes: orderSearchAttributes,
    // Without a cache a task whose local activities outlast four fifths of this is lost, and would be again: longer than
    // any of them takes.
    workflowTaskTimeout: process.env.TEST_WORKFLOW_CACHE_SIZE === '0' ? '60s' : undefined,
    log: console.error,
  });
  const env = {
    ...process.env,
    TEST_TEMPORAL_ADDRESS: stack.temporalAddress,
    TEST_TEMPORAL_UI: stack.temporalUi,
    TEST_MONGODB_URI: stack.mongodbUri,
  };
  const runner = spawn(process.execPath, [...testRunnerFlags, ...flags, ...files], { stdio: 'inherit', env });
  const ended = new Promise<number>((resolve) => runner.once('close', (code) => resolve(code ?? 1)));
  const exitCode = await Promise.race([
    ended,
    asked.then((why) => console.error(`Stopping the tests (${why}).`)).then(() => 130),
    stack.died.then(console.error).then(() => 1),
  ]);
  runner.kill('SIGTERM');
  await ended;
  await stack.stop();
  return exitCode;
});
