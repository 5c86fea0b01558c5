import { parseArgs } from 'node:util';
import { runDemo } from '../dev/run-demo.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { shutdownRequested } from '../shutdown.ts';

await runDevCommand(async () => {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const asked = shutdownRequested().then((why) => {
    console.error(`Stopping (${why}).`);
    return 130;
  });
  return Promise.race([runDemo(values), asked]);
});
