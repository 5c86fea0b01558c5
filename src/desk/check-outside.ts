import { createTransport } from 'nodemailer';
import type { Finding } from '../domain/finding.ts';
import { GatewayError, type PaymentGateway } from '../payments/gateway.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';

const mailWithinMs = 10_000;
/** No order has this id; the gateway says so, which proves that it knows us. */
const noOrder = 'harbourmaster-doctor';

/** Reads the stock: harmless, and it needs our login. */
export async function checkSupplier(supplier: Supplier): Promise<Finding> {
  const name = `Supplier ${supplier.name}`;
  try {
    const { packages, skipped } = await supplier.readStock();
    const detail = `knows us and lists ${packages.length} packages`;
    if (skipped.length === 0) return { name, level: 'ok', detail, remedy: null };
    const remedy = 'Look at what SmartVPS answers to ipstock.';
    return { name, level: 'warn', detail: `${detail}; ${skipped.length} more cannot be read`, remedy };
  } catch (error) {
    if (!(error instanceof SupplierError)) throw error;
    return { name, level: 'fail', ...splitSentence(error.message) };
  }
}

/** Asks for an order that does not exist: harmless, and it needs our keys. */
export async function checkGateway(gateway: PaymentGateway): Promise<Finding> {
  const name = `Gateway ${gateway.name}`;
  try {
    await gateway.findOrder({ orderId: noOrder });
    return { name, level: 'ok', detail: 'knows us', remedy: null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { name, level: 'fail', ...splitSentence(error.message) };
  }
}

/** "Failed to X: why. Do Y." as what was found and what to do. */
function splitSentence(message: string): { detail: string; remedy: string } {
  const [, detail = message, remedy = ''] = /^(.+?[^.]\.) ([A-Z].*)$/.exec(message) ?? [];
  return { detail, remedy };
}

/** Says hello to the mail server, with our login; sends nothing. */
export async function checkMailServer({ smtpUrl }: { smtpUrl: string }): Promise<Finding> {
  const name = 'Mail server';
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: mailWithinMs,
    greetingTimeout: mailWithinMs,
    socketTimeout: mailWithinMs,
  });
  try {
    await transport.verify();
    return { name, level: 'ok', detail: `${new URL(smtpUrl).hostname} takes our mails`, remedy: null };
  } catch (error) {
    // The error itself can hold the login.
    const { code } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown };
    const detail =
      code === 'EAUTH'
        ? 'It refuses the login.'
        : `It cannot be used (${typeof code === 'string' ? code : 'no code'}).`;
    return { name, level: 'fail', detail, remedy: 'Check SMTP_URL, and whether the server runs.' };
  } finally {
    transport.close();
  }
}

const publicWithinMs = 5_000;

/** Asks the API for its health at the address under which gateways and customers reach it. */
export async function checkPublicUrl({ publicUrl }: { publicUrl: string }): Promise<Finding> {
  const name = 'Public address';
  const answer = await fetch(`${publicUrl}/healthz`, { signal: AbortSignal.timeout(publicWithinMs) }).then(
    ({ status }) => status,
    () => null,
  );
  if (answer === 200) return { name, level: 'ok', detail: `the API answers at ${publicUrl}`, remedy: null };
  const detail = `${publicUrl}/healthz ${answer === null ? 'does not answer' : `answers ${answer}`} from here`;
  const remedy = 'Start the API, or check PUBLIC_URL: webhooks and mails lead there.';
  return { name, level: 'warn', detail, remedy };
}
