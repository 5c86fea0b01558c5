import { composeApi } from '../composition.ts';
import { readConfig } from '../config.ts';
import { serve } from '../http/serve.ts';
import { createLogger } from '../logger.ts';
import { shutdownRequested } from '../shutdown.ts';
import { runPart } from './run-part.ts';

await runPart(async () => {
  const config = readConfig('api');
  const log = createLogger({ level: config.logLevel, name: 'api' });
  for (const warning of config.warnings) log.warn({}, warning);
  const api = await composeApi(config, log);
  const server = await serve({ app: api.app, port: config.http.port });
  log.info({ port: server.port }, 'API listening');
  const stopped = shutdownRequested();
  await Promise.race([stopped, api.refused.then(() => stopped)]);
  await server.stop();
  await api.close();
});
