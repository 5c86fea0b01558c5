import { parseArgs } from 'node:util';
import { benchPages, describeBench } from '../dev/bench-pages.ts';
import { startMongodb } from '../dev/embedded-mongodb.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';

await runDevCommand(async () => {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const log = (line: string) => console.error(line);
  const { MONGODB_URI: given } = process.env;
  const own = given ? null : await startMongodb({ folder: null, log });
  try {
    const report = await benchPages({ uri: given ?? own?.uri ?? '', log });
    console.log(values.json ? JSON.stringify(report) : describeBench(report));
    return report.reached ? 0 : 1;
  } finally {
    await own?.process.stop();
  }
});
