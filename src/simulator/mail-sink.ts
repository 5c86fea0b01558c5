import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { StoredMail } from './state.ts';
import type { World } from './world.ts';

// Enough for any demo; the oldest go first.
const MAILS_KEPT = 1000;
const CLOSE_LIMIT_MS = 500;

/** An SMTP server that takes every mail, sends none on and keeps the latest, parsed. No login, no TLS. */
export async function startMailSink(input: { port: number; host: string; getWorld: () => World }) {
  const { port, host, getWorld } = input;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: CLOSE_LIMIT_MS,
    onData: (stream, session, callback) => {
      readAll(stream)
        .then((raw) => takeMail({ world: getWorld(), session, raw }))
        .then(
          () => callback(),
          (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
        );
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A client that hangs up in the middle is no event here.
  server.on('error', () => {});
  return {
    port: (server.server.address() as AddressInfo).port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

async function takeMail(input: { world: World; session: SMTPServerSession; raw: Buffer }): Promise<void> {
  const { world, session, raw } = input;
  const { mailFrom, rcptTo } = session.envelope;
  const recipients = rcptTo.map((recipient) => recipient.address);
  const plan = world.plan({ call: 'mail', address: recipients[0] });
  try {
    const delay = plan.take('delay');
    if (delay) await world.sleep(delay.ms);
    const rejection = plan.take('status');
    if (rejection) {
      throw Object.assign(new Error('Try again later'), { responseCode: rejection.status });
    }
  } finally {
    plan.end();
  }
  const from = mailFrom === false ? '' : mailFrom.address;
  world.state.mails.push(await parseMail({ from, to: recipients, raw }));
  if (world.state.mails.length > MAILS_KEPT) world.state.mails.shift();
  await world.saved();
}

async function parseMail({
  from,
  to,
  raw,
}: {
  from: string;
  to: string[];
  raw: Buffer;
}): Promise<StoredMail> {
  const mail = await PostalMime.parse(raw);
  return {
    at: new Date().toISOString(),
    from: mail.from?.address ?? from,
    to,
    subject: mail.subject ?? '',
    messageId: mail.messageId ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    headers: mail.headers.map(({ key, value }) => ({ name: key, value })),
  };
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  return Buffer.concat(chunks);
}
