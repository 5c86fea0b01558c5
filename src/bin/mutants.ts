import { runMutants } from '../dev/mutants-run.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { shutdownRequested } from '../shutdown.ts';

await runDevCommand(() =>
  Promise.race([
    runMutants({ wishes: process.argv.slice(2), log: console.log }),
    shutdownRequested().then(() => 130),
  ]),
);
