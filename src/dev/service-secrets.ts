import { randomBytes } from 'node:crypto';

/** The secrets of an embedded service, made up once; none of them is known to anybody else. */
export interface ServiceSecrets {
  storefrontToken: string;
  adminToken: string;
  sessionSecret: string;
  credentialsKey: string;
  smartvpsPassword: string;
  cashfreeClientSecret: string;
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
  };
}
