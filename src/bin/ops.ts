import { readConfig } from '../config.ts';
import { runOps } from '../ops/cli.ts';
import { composeActs, composeImport, composeRecords } from '../ops-composition.ts';

const records = () => composeRecords(readConfig('import'));
const acts = () => composeActs(readConfig('ops'));

process.exitCode = await runOps(
  {
    importCatalogue: (catalogue) => composeImport(readConfig('import'))(catalogue),
    importForeign: (input) => records().importForeign(input),
    listServers: (input) => records().listServers(input),
    listCases: () => records().listCases(),
    strandServer: (input) => acts().strandServer(input),
    assignServer: (input) => acts().assignServer(input),
    resolveCase: (input) => acts().resolveCase(input),
    print: (text) => console.log(text),
    printError: (text) => console.error(text),
  },
  process.argv.slice(2),
);
