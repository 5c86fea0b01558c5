import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, temporalLogger } from '../src/logger.ts';

function capture(level: 'debug' | 'info' = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ level, name: 'test', destination: { write: (line) => lines.push(line) } });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}');
  return { lines, logger, last };
}

test('secrets and customers never reach a line, however deep they lie', () => {
  const { lines, logger } = capture();
  logger.info(
    {
      orderId: 'ord-1',
      password: 'leak',
      headers: { Authorization: 'leak', 'x-client-secret': 'leak', 'x-api-key': 'leak' },
      list: [{ nested: { SMARTVPS_PASSWORD: 'leak', token: 'leak' } }],
      customer: { name: 'leak' },
      customer_email: 'leak',
      phone: 'leak',
    },
    'made',
  );
  assert.doesNotMatch(lines.join(), /leak/);
  assert.match(lines.join(), /"orderId":"ord-1"/);
});

test('what a child binds is redacted too, and kept by its own children', () => {
  const { logger, last } = capture();
  logger.child({ orderId: 'ord-1', token: 'leak' }).child({ workflowId: 'w' }).warn('late');
  const { orderId, token, workflowId, level, msg } = last();
  assert.deepEqual([orderId, token, workflowId, level, msg], ['ord-1', '[redacted]', 'w', 'warn', 'late']);
});

test('an error is logged with type, code, stack and cause, and without its other members', () => {
  const { lines, logger, last } = capture();
  const cause = Object.assign(new Error('inner'), { request: { headers: 'leak' } });
  const error = Object.assign(new TypeError('outer', { cause }), { code: 'odd', config: { auth: 'leak' } });
  logger.error({ err: error }, 'Failed to act');
  const { err } = last() as {
    err: { type: string; code: string; stack: string; cause: { message: string } };
  };
  assert.deepEqual([err.type, err.code, err.cause.message], ['TypeError', 'odd', 'inner']);
  assert.match(err.stack, /logger\.test/);
  assert.doesNotMatch(lines.join(), /leak/);
});

test('the Temporal SDK says the message first, its members second', () => {
  const { logger, last, lines } = capture();
  const temporal = temporalLogger(logger);
  temporal.log('WARN', 'Worker slow', { workflowId: 'order-1', taskToken: 'leak' });
  const { msg, workflowId, level, taskToken } = last();
  assert.deepEqual([msg, workflowId, level, taskToken], ['Worker slow', 'order-1', 'warn', '[redacted]']);
  temporal.debug('quiet');
  assert.equal(lines.length, 1);
  temporal.error('loud', { error: new Error('why') });
  assert.deepEqual((last().error as { message: string }).message, 'why');
});
