import { join } from 'node:path';
import { runChecks } from '../dev/run-checks.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';

const node = process.execPath;
const bin = (name: string) => join('node_modules', '.bin', name);

await runDevCommand(() =>
  runChecks([
    { label: 'format and lint (biome)', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
    { label: 'types (tsc)', command: bin('tsc'), args: ['--noEmit', '-p', '.'] },
    { label: 'dead code (knip)', command: node, args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
    {
      label: 'API description (redocly)',
      command: node,
      args: ['--test', '--test-name-pattern', 'description of the API', 'test/http/route-table.test.ts'],
    },
    { label: 'layers', command: node, args: ['--test', 'test/architecture/layers.test.ts'] },
  ]),
);
