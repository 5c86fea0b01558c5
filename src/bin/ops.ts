import { runOps } from '../ops/cli.ts';
import { composeOps } from '../ops-composition.ts';

const printError = (text: string) => console.error(text);
const ports = { ...composeOps({ warn: printError }), print: (text: string) => console.log(text), printError };
process.exitCode = await runOps(ports, process.argv.slice(2));
