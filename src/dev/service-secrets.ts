import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { messageOf, StackError } from './stack-error.ts';

/** The secrets of an embedded service, made up once; none of them is known to anybody else. */
export interface ServiceSecrets {
  storefrontToken: string;
  adminToken: string;
  sessionSecret: string;
  credentialsKey: string;
  smartvpsPassword: string;
  cashfreeClientSecret: string;
  razorpayKeySecret: string;
  razorpayWebhookSecret: string;
  /** Of the admin "demo" of the admin site. */
  demoPassword: string;
}

/** Makes up new secrets. */
export function makeSecrets(): ServiceSecrets {
  const text = () => randomBytes(32).toString('hex');
  return {
    storefrontToken: text(),
    adminToken: text(),
    sessionSecret: text(),
    credentialsKey: randomBytes(32).toString('base64'),
    smartvpsPassword: text(),
    cashfreeClientSecret: text(),
    razorpayKeySecret: text(),
    razorpayWebhookSecret: text(),
    demoPassword: randomBytes(12).toString('base64url'),
  };
}

/** The secrets kept in the file at `path`, readable by its owner alone; made up where there is none yet. Throws
 * StackError where the file cannot be read: new secrets would not open what the old ones sealed. */
export function keepSecrets({ path }: { path: string }): ServiceSecrets {
  try {
    const kept = existsSync(path) ? readSecrets(path) : null;
    const secrets = { ...makeSecrets(), ...kept };
    if (JSON.stringify(secrets) !== JSON.stringify(kept)) {
      writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    }
    chmodSync(path, 0o600);
    return secrets;
  } catch (thrown) {
    throw new StackError(
      `Failed to read the secrets in ${path}: ${messageOf(thrown)}. ` +
        'Put the file right, or start with a new folder (--data): without it, stored logins cannot be opened.',
    );
  }
}

function readSecrets(path: string): Partial<ServiceSecrets> {
  const kept: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const isRight =
    typeof kept === 'object' &&
    kept !== null &&
    Object.values(kept).every((value) => typeof value === 'string');
  if (!isRight) throw new Error('it is not a JSON object of texts');
  return kept;
}
