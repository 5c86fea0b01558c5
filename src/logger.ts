import type { Logger as TemporalLogger, LogLevel as TemporalLogLevel } from '@temporalio/common';
import { type LogFn, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config.ts';

/** What the service logs with: members first, then the sentence. Redaction is switched on. */
export interface Logger extends Record<Exclude<LogLevel, 'silent'>, LogFn> {
  child(bindings: object): Logger;
}

/**
 * Names of members whose values never reach a log, compared without case, `-` and `_`.
 * An entry also covers longer names that end with it (`client_secret`, `x-api-key`).
 */
const redactedNames = [
  'password',
  'passphrase',
  'token',
  'authorization',
  'secret',
  'apikey',
  'privatekey',
  'cookie',
  'signature',
  'sessionid',
  'credentials',
  'mongodburi',
  'smtpurl',
  'customer',
  'customerdetails',
  'customername',
  'email',
  'phone',
];

const censored = '[redacted]';
const deepest = 8;

function isRedacted(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return redactedNames.some((redacted) => plain.endsWith(redacted));
}

function redact(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return describeError(value, depth);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (ArrayBuffer.isView(value)) return '[bytes]';
  if ('toJSON' in value && typeof value.toJSON === 'function') return redact(value.toJSON(), depth + 1);
  return redactMembers(value, depth);
}

function redactMembers(value: object, depth: number): Record<string, unknown> {
  const members = Object.entries(value).map(([name, member]) => [
    name,
    isRedacted(name) ? censored : redact(member, depth + 1),
  ]);
  return Object.fromEntries(members);
}

/** Only what every error has: other members can hold requests, replies and their headers. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: redact(error.code, depth + 1) } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= deepest ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}

/**
 * A logger that writes JSON lines. `destination`: stdout (default), stderr (where stdout is a command's answer),
 * or anything with `write`.
 */
export function createLogger(input: {
  level: LogLevel;
  name: string;
  destination?: 'stdout' | 'stderr' | { write(line: string): void };
}): Logger {
  const { level, name, destination = 'stdout' } = input;
  const stream =
    typeof destination === 'string' ? pino.destination(destination === 'stdout' ? 1 : 2) : destination;
  const logger = pino(
    {
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (object) => redactMembers(object, 0),
      },
      // `formatters.log` has described errors by then; pino's own serializer would copy all their members.
      serializers: { err: (error: unknown) => error },
    },
    stream,
  );
  return withRedactedBindings(logger);
}

/** pino formats the members of a line, but not what `child` binds: that is redacted on its way in. */
function withRedactedBindings(logger: PinoLogger): Logger {
  return {
    fatal: logger.fatal.bind(logger),
    error: logger.error.bind(logger),
    warn: logger.warn.bind(logger),
    info: logger.info.bind(logger),
    debug: logger.debug.bind(logger),
    trace: logger.trace.bind(logger),
    child: (bindings) => withRedactedBindings(logger.child(redactMembers(bindings, 0))),
  };
}

const pinoLevels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** The Temporal SDK's logger interface over ours: it says the message first and its members second. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: TemporalLogLevel, message: string, meta: object = {}) =>
    logger[pinoLevels[level]](meta, message);
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}
