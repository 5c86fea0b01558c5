import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { shutdownRequested } from '../shutdown.ts';
import { startSimulator } from '../simulator/simulator.ts';

try {
  const { values } = parseArgs({ options: { data: { type: 'string' }, scenario: { type: 'string' } } });
  const { addresses, stop } = await startSimulator({
    port: Number(process.env.SIMULATOR_PORT ?? 0),
    smtpPort: Number(process.env.SIMULATOR_SMTP_PORT ?? 0),
    host: process.env.SIMULATOR_HOST || undefined,
    dataDir: values.data,
    scenario: values.scenario === undefined ? undefined : JSON.parse(readFileSync(values.scenario, 'utf8')),
    credentials: {
      smartvps: given({ username: process.env.SMARTVPS_USERNAME, password: process.env.SMARTVPS_PASSWORD }),
      cashfree: given({
        clientId: process.env.CASHFREE_CLIENT_ID,
        clientSecret: process.env.CASHFREE_CLIENT_SECRET,
      }),
      razorpay: given({
        keyId: process.env.RAZORPAY_KEY_ID,
        keySecret: process.env.RAZORPAY_KEY_SECRET,
        webhookSecret: process.env.RAZORPAY_WEBHOOK_SECRET,
        webhookUrl: process.env.PUBLIC_URL && `${process.env.PUBLIC_URL}/webhooks/razorpay`,
      }),
    },
  });
  console.log(JSON.stringify(addresses));
  await shutdownRequested();
  await stop();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function given(logins: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(logins).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}
