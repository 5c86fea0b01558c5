import { readConfig } from '../config.ts';
import { runOps } from '../ops/cli.ts';
import { composeImport } from '../ops-composition.ts';

process.exitCode = await runOps(
  {
    importCatalogue: (catalogue) => composeImport(readConfig('import'))(catalogue),
    print: (text) => console.log(text),
    printError: (text) => console.error(text),
  },
  process.argv.slice(2),
);
