import { readConfig } from '../config.ts';
import { runOps } from '../ops/cli.ts';
import { composeActs, composeRecords } from '../ops-composition.ts';

const warn = (sentence: string) => console.error(sentence);
const records = () => composeRecords(readConfig('import'), warn);
const acts = () => composeActs(readConfig('ops'), warn);

process.exitCode = await runOps(
  {
    importCatalogue: (input) => records().importCatalogue(input),
    importForeign: (input) => records().importForeign(input),
    listServers: (input) => records().listServers(input),
    listCases: () => records().listCases(),
    listOrders: (query) => records().listOrders(query),
    listFailed: (input) => records().listFailed(input),
    listActs: (input) => records().listActs(input),
    shopTimeZone: () => readConfig('import').shopTimeZone,
    strandServer: (input) => acts().strandServer(input),
    assignServer: (input) => acts().assignServer(input),
    resolveCase: (input) => acts().resolveCase(input),
    resolveOrder: (input) => acts().resolveCase(input),
    retryOrder: (wish) => acts().retryOrder(wish),
    cancelOrder: (wish) => acts().cancelOrder(wish),
    compensateOrder: (wish) => acts().compensateOrder(wish),
    reportOrder: (input) => acts().reportOrder(input),
    findStuckOrders: () => acts().findStuckOrders(),
    listLocks: () => acts().listLocks(),
    showLock: (input) => acts().showLock(input),
    steerLock: (wish) => acts().steerLock(wish),
    // Loaded for itself alone: it drags in supplier, gateway and mail server.
    examine: async () => (await import('../doctor-composition.ts')).examine(),
    print: (text) => console.log(text),
    printError: (text) => console.error(text),
  },
  process.argv.slice(2),
);
