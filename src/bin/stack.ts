import { parseArgs } from 'node:util';
import { startEmbeddedStack } from '../dev/embedded-stack.ts';
import { orderSearchAttributes } from '../dev/order-search-attributes.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { shutdownRequested } from '../shutdown.ts';

// Standard output carries one line of JSON for scripts; everything for people goes to standard error.
const log = (line: string) => console.error(line);

await runDevCommand(async () => {
  const { values } = parseArgs({ options: { data: { type: 'string' } } });
  const asked = shutdownRequested();
  const starting = startEmbeddedStack({ dataDir: values.data, searchAttributes: orderSearchAttributes, log });
  const stack = await Promise.race([starting, asked]);
  if (typeof stack === 'string') return 0;
  const { temporalAddress, temporalUi, mongodbUri } = stack;
  console.log(JSON.stringify({ temporalAddress, temporalUi, mongodbUri }));
  const exitCode = await Promise.race([
    asked.then((why) => log(`Stopping (${why}).`)).then(() => 0),
    stack.died.then(log).then(() => 1),
  ]);
  await stack.stop();
  return exitCode;
});
