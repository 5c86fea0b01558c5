import { composeWorker } from '../composition.ts';
import { readConfig } from '../config.ts';
import { createLogger, temporalLogger } from '../logger.ts';
import { shutdownRequested } from '../shutdown.ts';
import { installRuntime } from '../temporal/workers.ts';
import { runPart } from './run-part.ts';

await runPart(async () => {
  const config = readConfig('worker');
  const log = createLogger({ level: config.logLevel, name: 'worker' });
  for (const warning of config.warnings) log.warn({}, warning);
  installRuntime(temporalLogger(log));
  const worker = await composeWorker(config, log);
  void shutdownRequested().then((why) => {
    log.info({ why }, 'Draining: running purchases are finished first');
    worker.shutdown();
  });
  log.info({}, 'Worker ready');
  await worker.run();
  await worker.close();
});
