import { parseArgs } from 'node:util';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { runStart } from '../dev/run-start.ts';

await runDevCommand(async () => {
  const { values } = parseArgs({ options: { data: { type: 'string', default: '.data' } } });
  return runStart({ dataDir: values.data, log: console.log });
});
