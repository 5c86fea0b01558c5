import { runPlantedBugs } from '../dev/planted-bugs.ts';
import { runDevCommand } from '../dev/run-dev-command.ts';
import { shutdownRequested } from '../shutdown.ts';

await runDevCommand(() =>
  Promise.race([runPlantedBugs({ log: console.log }), shutdownRequested().then(() => 130)]),
);
