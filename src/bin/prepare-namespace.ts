import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../config.ts';
import { defaultPolicy, resolvePolicy } from '../domain/policy.ts';
import { createLogger } from '../logger.ts';
import { readPolicyFile } from '../policy-file.ts';
import { createTemporalClient } from '../temporal/connection.ts';
import { ensureSchedules } from '../temporal/ensure-schedules.ts';
import { openNamespace } from '../temporal/open-namespace.ts';
import { prepareNamespace } from '../temporal/prepare-namespace.ts';
import { runPart } from './run-part.ts';

/** A server that makes its database's tables on a slow disk can take that long. */
const limitMs = 5 * 60_000;

await runPart(async () => {
  const { temporal, logLevel, policyFile } = readConfig('namespace');
  const log = createLogger({ level: logLevel, name: 'prepare-namespace' });
  const { address, namespace } = temporal;
  const client = createTemporalClient(temporal);
  await openNamespace({ client, namespace, address, limitMs, sleep, log });
  await prepareNamespace({ client, namespace, sleep, log });
  const policy = policyFile === null ? defaultPolicy : await readPolicyFile({ path: policyFile });
  await ensureSchedules({ client, policy: resolvePolicy(policy), shopTimeZone: null, log });
  await client.connection.close();
  log.info(
    { namespace },
    'Namespace ready: search attributes usable, retention at least 30 days, schedules made',
  );
});
