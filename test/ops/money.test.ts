import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operatorName } from '../../src/ops/operator-name.ts';
import { runCommand as run, verb } from './run-command.ts';

const line = {
  code: 'SORRY-100',
  state: 'free' as const,
  value: { kind: 'amount' as const, amountPaise: 9_950 },
  customerEmail: null,
  note: 'apology',
  createdAt: '2026-11-21T10:00:00.000Z',
  expiresAt: '2026-12-31T23:59:59.999Z',
  orderId: null,
  disabled: null,
};

test('a discount is made with exact paise, or whole percent, and a date is its last moment', async () => {
  const createDiscount = verb(line);
  const made = await run(
    [
      'discounts',
      'create',
      '--amount',
      '99.50',
      '--code',
      'sorry-100',
      '--expires',
      '2099-12-31',
      '--reason',
      'apology',
    ],
    { createDiscount: createDiscount.call },
  );
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /^SORRY-100 +free +₹99\.50 +until 2026-12-31T23:59Z {2}for anybody {2}apology$/);
  await run(
    ['discounts', 'create', '--percent', '20', '--email', 'ada@example.com', '--expires', '2099-01-01'],
    {
      createDiscount: createDiscount.call,
    },
  );
  assert.deepEqual(createDiscount.seen, [
    {
      code: 'sorry-100',
      value: { kind: 'amount', amountPaise: 9_950 },
      customerEmail: null,
      expiresAt: '2099-12-31T23:59:59.999Z',
      by: operatorName(),
      reason: 'apology',
    },
    {
      code: null,
      value: { kind: 'percent', percent: 20 },
      customerEmail: 'ada@example.com',
      expiresAt: '2099-01-01T23:59:59.999Z',
      by: operatorName(),
      reason: null,
    },
  ]);
});

test('values and moments that are none are refused in one sentence, and nothing is made', async () => {
  const refused: [args: string[], sentence: RegExp][] = [
    [['--expires', '30d'], /say --amount or --percent, one of them/],
    [['--amount', '1', '--percent', '1', '--expires', '30d'], /say --amount or --percent, one of them/],
    [['--amount', '99.505', '--expires', '30d'], /99\.505 is not an amount of rupees/],
    [['--amount', '0', '--expires', '30d'], /0 is not an amount of rupees/],
    [['--percent', '101', '--expires', '30d'], /101 is not a whole percentage/],
    [['--percent', '2.5', '--expires', '30d'], /2\.5 is not a whole percentage/],
    [['--amount', '1', '--expires', '2020-01-01'], /neither a duration such as 30d nor a date to come/],
    [['--amount', '1', '--expires', 'soon'], /neither a duration such as 30d nor a date to come/],
    [['--amount', '1', '--expires', '30'], /30 is neither a duration such as 30d nor a date to come/],
    [['--amount', '1', '--expires', '2099'], /2099 is neither a duration such as 30d nor a date to come/],
  ];
  for (const [args, sentence] of refused) {
    const { code, err } = await run(['discounts', 'create', ...args]);
    assert.equal(code, 1, args.join(' '));
    assert.match(err, sentence);
  }
});

test('codes are listed by state, shown and disabled; one that nobody made is said', async () => {
  const used = {
    ...line,
    state: 'used' as const,
    orderId: 'ord-7',
    value: { kind: 'percent' as const, percent: 5 },
  };
  const listDiscounts = verb([used]);
  const listed = await run(['discounts', 'list', '--state', 'used'], { listDiscounts: listDiscounts.call });
  assert.match(listed.out, /used +5 % +until .+order ord-7.+\n1 codes\.$/);
  assert.deepEqual(listDiscounts.seen, [{ state: 'used' }]);
  const none = await run(['discounts', 'show', 'NO-CODE'], { findDiscount: verb(null).call });
  assert.deepEqual(
    [none.code, none.err],
    [1, 'Failed to show NO-CODE: there is no such code. See `discounts list`.'],
  );
  const disableDiscount = verb({ kind: 'accepted' as const, next: 'SORRY-100 cannot be used any more.' });
  const args = ['discounts', 'disable', 'SORRY-100', '--reason', 'leaked', '--by', 'ada'];
  assert.equal(
    (await run(args, { disableDiscount: disableDiscount.call })).out,
    'SORRY-100 cannot be used any more.',
  );
  assert.deepEqual(disableDiscount.seen, [{ code: 'SORRY-100', by: 'ada', reason: 'leaked' }]);
});

test('what is owed to customers is listed, asked for again, or recorded as given back by hand', async () => {
  const listPayments = verb([
    {
      paymentKey: 'cashfree:1000137',
      orderId: 'ord-7',
      amountPaise: 49_900,
      currency: 'INR',
      verdict: 'extra',
      paidAt: '2026-11-21T10:00:00.000Z',
      owedBack: true,
      refunds: [{ refundId: 'refund-1000137', amountPaise: 49_900, state: 'refused', why: 'no balance' }],
    },
  ]);
  const { out } = await run(['payments', 'list'], { listPayments: listPayments.call });
  assert.equal(
    out,
    'cashfree:1000137  order ord-7  ₹499.00  extra  owed to the customer  refund-1000137 ₹499.00 refused (no balance)\n1 payments.',
  );
  assert.deepEqual(listPayments.seen, [{ orderId: null }]);
  const retryReturn = verb({ kind: 'refused' as const, sentence: 'Nothing is blocked.' });
  const retried = await run(['payments', 'retry', 'cashfree:1000137'], { retryReturn: retryReturn.call });
  assert.deepEqual(
    [retried.code, retried.err],
    [1, 'Failed to give cashfree:1000137 back: Nothing is blocked.'],
  );
  assert.equal((await run(['payments', 'returned', 'cashfree:1000137'])).code, 2, 'a reference is asked for');
  const returnedByHand = verb({ kind: 'accepted' as const, next: 'It is recorded as given back by hand.' });
  const byHand = ['payments', 'returned', 'cashfree:1000137', '--reference', 'UTR 1', '--by', 'ada'];
  await run(byHand, { returnedByHand: returnedByHand.call });
  assert.deepEqual(returnedByHand.seen, [
    { paymentKey: 'cashfree:1000137', by: 'ada', reason: null, reference: 'UTR 1' },
  ]);
});
