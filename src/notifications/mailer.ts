import { createTransport, type SendMailOptions } from 'nodemailer';

const connectTimeoutMs = 10_000;
const socketTimeoutMs = 30_000;

export interface Mail {
  messageId: string;
  to: { name?: string; address: string };
  /** ISO UTC. */
  date: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /** Hands one mail to the mail server. Throws `MailError`. */
  send(mail: Mail): Promise<void>;
  /** Part behind the `@` of message ids: the domain of our own address. */
  domain: string;
}

/** `mailUnreachable`: try again; `mailRefused`: the server said no for good, someone must look. */
export class MailError extends Error {
  readonly code: 'mailUnreachable' | 'mailRefused';

  constructor(input: { code: MailError['code']; message: string }) {
    super(input.message);
    this.name = 'MailError';
    this.code = input.code;
  }
}

/** Sends through the server of `smtpUrl` (smtp:// with STARTTLS where offered, or smtps://), as `from`. */
export function createMailer(input: { smtpUrl: string; from: string }): Mailer {
  const transport = createTransport({
    url: input.smtpUrl,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    // A mail's text never names a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    domain: /@([A-Za-z0-9.-]+)>?\s*$/.exec(input.from)?.[1] ?? 'localhost',
    async send(mail) {
      try {
        await transport.sendMail(messageOf({ mail, from: input.from }));
      } catch (error) {
        throw mailError({ error, messageId: mail.messageId });
      }
    },
  };
}

/** Headers are single lines, and an address is given as an object: nothing in it is read as a list. */
function messageOf({ mail, from }: { mail: Mail; from: string }): SendMailOptions {
  const { to, date, subject, text, html } = mail;
  return {
    from,
    to: { name: oneLine(to.name ?? ''), address: oneLine(to.address) },
    date: new Date(date),
    messageId: `<${mail.messageId}>`,
    subject: oneLine(subject),
    text,
    html,
    headers: { 'auto-submitted': 'auto-generated' },
  };
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ').trim();
}

/** The cause is left out: an error of the SMTP client can hold the login and the addresses. */
function mailError({ error, messageId }: { error: unknown; messageId: string }): MailError {
  const { code, responseCode } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  // A rejected login (EAUTH) is answered with a 5xx as well, but heals once SMTP_URL is put right.
  const isRefused = typeof responseCode === 'number' && responseCode >= 500 && code !== 'EAUTH';
  const facts = [code, responseCode].filter((fact) => typeof fact === 'string' || typeof fact === 'number');
  const reason = `${isRefused ? 'the mail server refused it' : 'no mail server took it'} (${facts.join(' ') || 'no code'})`;
  return new MailError({
    code: isRefused ? 'mailRefused' : 'mailUnreachable',
    message: `Failed to send mail ${messageId}: ${reason}. Check SMTP_URL, MAIL_FROM and the recipient.`,
  });
}
