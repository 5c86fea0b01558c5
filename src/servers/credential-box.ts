import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { BrokenRecord } from '../domain/broken-record.ts';

const authTagLength = 16;

/** A login sealed for storage: AES-256-GCM, bound to its order, base64 members. */
export interface SealedLogin {
  keyId: string;
  iv: string;
  tag: string;
  sealed: string;
}

export interface Login {
  username: string;
  password: string;
}

export interface CredentialBox {
  seal(input: { orderId: string; login: Login }): SealedLogin;
  /** @throws where the key is gone, or the login was sealed for another order. */
  open(input: { orderId: string; sealed: SealedLogin }): Login;
}

/** Seals with the first key; opens with any of them, so that keys can be rotated. */
export function createCredentialBox(keys: readonly { id: string; key: Uint8Array }[]): CredentialBox {
  const [first] = keys;
  if (!first) throw new Error('Failed to make the credential box: it needs at least one key.');
  return {
    seal({ orderId, login }) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', first.key, iv, { authTagLength });
      cipher.setAAD(Buffer.from(orderId));
      const sealed = Buffer.concat([cipher.update(JSON.stringify(login), 'utf8'), cipher.final()]);
      return {
        keyId: first.id,
        iv: iv.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
        sealed: sealed.toString('base64'),
      };
    },
    open({ orderId, sealed }) {
      const key = keys.find(({ id }) => id === sealed.keyId);
      if (!key) {
        throw new BrokenRecord(
          `Failed to open the login of order ${orderId}: key "${sealed.keyId}" is not in CREDENTIALS_KEY. Add it there.`,
        );
      }
      const bytes = openBytes({ key: key.key, orderId, sealed });
      if (!bytes) {
        throw new BrokenRecord(
          `Failed to open the login of order ${orderId}: it was changed, sealed for another order or under another key.`,
        );
      }
      return JSON.parse(bytes.toString('utf8')) as Login;
    },
  };
}

function openBytes(input: { key: Uint8Array; orderId: string; sealed: SealedLogin }): Buffer | undefined {
  const { key, orderId, sealed } = input;
  try {
    const iv = Buffer.from(sealed.iv, 'base64');
    // Without the length a tag that was cut short would be taken.
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength });
    decipher.setAAD(Buffer.from(orderId));
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(sealed.sealed, 'base64')), decipher.final()]);
  } catch {
    return undefined;
  }
}
