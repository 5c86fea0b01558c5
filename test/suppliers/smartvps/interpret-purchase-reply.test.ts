import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPublicIpv4 } from '../../../src/domain/package-name.ts';
import { interpretPurchaseReply } from '../../../src/suppliers/smartvps/interpret-purchase-reply.ts';

function interpret(body: string, httpStatus = 200) {
  return interpretPurchaseReply({ kind: 'answer', httpStatus, body, receivedAt: '2026-11-21T10:00:00.000Z' });
}

function quote(text: string, depth: number): string {
  return depth === 0 ? text : quote(JSON.stringify(text), depth - 1);
}

const sold = 'success|Congratulations! Your ip is: 103.195.26.51';

test('a success with one public address is a sale, plain or quoted up to three times', () => {
  for (const depth of [0, 1, 2, 3]) {
    assert.deepEqual(interpret(quote(sold, depth)), { kind: 'bought', ip: '103.195.26.51' });
    assert.deepEqual(interpret(` ${quote(` ${sold}\n`, depth)}\r\n`), {
      kind: 'bought',
      ip: '103.195.26.51',
    });
  }
  assert.equal(interpret(quote(sold, 4)).kind, 'unknown');
  for (const text of [
    `${sold}.`,
    `${sold} (103.195.26.51)`,
    `${sold}:3389`,
    `\uFEFF${sold}`,
    `SUCCESS | <b>103.195.26.51</b>`,
  ]) {
    assert.deepEqual(interpret(text), { kind: 'bought', ip: '103.195.26.51' }, text);
  }
});

test('a success that does not name exactly one public address is unknown', () => {
  const rests = [
    '',
    'done',
    '103.195.26',
    '103.195.26.256',
    '103.195.26.051',
    '103.195.26.51.7',
    '10.0.0.5',
    '127.0.0.1',
  ];
  rests.push(
    '103.195.26.51, 103.195.26.52',
    '103.195.26.51 gateway 10.0.0.1',
    '103.195.26.51/24',
    '103.195.26.51-60',
  );
  rests.push(
    'x103.195.26.51',
    '103.195.26.51abc',
    '103.195.26.5\u0661',
    '192.0.2.7',
    '0.0.0.0',
    'v1.2.3.4 103.195.26.51',
  );
  for (const rest of rests) assert.equal(interpret(`success|${rest}`).kind, 'unknown', rest);
});

test('what has no verdict, two verdicts or a broken quoting is unknown', () => {
  const texts = [
    '',
    '103.195.26.51',
    'Your ip is: 103.195.26.51',
    '{"success":"103.195.26.51"}',
    '<html>103.195.26.51',
  ];
  texts.push(
    `"${sold}`,
    `${sold}\nerror|Package not found`,
    'error|Package not found success|1.1.1.1',
    'successful|1.1.1.1',
  );
  texts.push('error|Package not found\nerror|No IP available', 'null', '[]', '"\\"');
  for (const text of texts) assert.equal(interpret(text).kind, 'unknown', text);
});

test('only the listed reasons prove that nothing was sold', () => {
  for (const reason of ['Insufficient balance', 'Package not found', 'No IP available']) {
    for (const depth of [0, 1, 2, 3]) {
      assert.deepEqual(interpret(quote(`error|${reason}`, depth)), { kind: 'refused', reason });
    }
    assert.deepEqual(interpret(`ERROR| ${reason.toUpperCase()} `), { kind: 'refused', reason });
    assert.equal(interpret(`error|${reason}.`).kind, 'unknown');
    assert.equal(interpret(`error|${reason} for this sale of 103.195.26.51`).kind, 'unknown');
    assert.equal(interpret(`error|${reason}`, 500).kind, 'unknown');
  }
  assert.deepEqual(interpret('error|Server busy'), {
    kind: 'unknown',
    why: 'SmartVPS answered "error|Server busy", which does not prove that nothing was sold',
  });
  assert.equal(interpret('error|').kind, 'unknown');
});

test('the HTTP status decides where nothing was taken on, and contradicts a sale', () => {
  for (const status of [404, 429]) {
    assert.deepEqual(interpret('<h1>no</h1>', status), {
      kind: 'notSent',
      why: `SmartVPS answered with HTTP status ${status}`,
    });
    assert.equal(interpret(sold, status).kind, 'unknown');
  }
  for (const status of [401, 403]) {
    assert.deepEqual(interpret('Unauthorized', status), {
      kind: 'rejectedCredentials',
      why: `SmartVPS rejected our login (HTTP status ${status})`,
    });
    assert.equal(interpret(quote(sold, 2), status).kind, 'unknown');
  }
  for (const status of [301, 302, 307, 400, 408, 409, 418, 500, 502, 503, 504]) {
    assert.equal(interpret('', status).kind, 'unknown');
    assert.equal(interpret(sold, status).kind, 'unknown');
  }
});

test('an exchange without an answer keeps its reason', () => {
  assert.deepEqual(interpretPurchaseReply({ kind: 'notSent', why: 'x' }), { kind: 'notSent', why: 'x' });
  assert.deepEqual(interpretPurchaseReply({ kind: 'noAnswer', why: 'x' }), { kind: 'unknown', why: 'x' });
});

const octet = fc.integer({ min: 0, max: 255 });
const piece = fc.oneof(
  fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
  fc.constantFrom(
    '103.195.26.51',
    '10.0.0.1',
    'success|',
    'error|',
    '"',
    '\\',
    ' ',
    '.',
    '|',
    '\n',
    'Package not found',
  ),
  fc.string({ maxLength: 12 }),
);
const arbitraryText = fc.tuple(
  fc.constantFrom('success|', '"success|', 'error|', ''),
  fc.array(piece, { maxLength: 6 }),
);

test('no text is a sale unless it succeeds with exactly one address, which is public; none throws', () => {
  fc.assert(
    fc.property(
      arbitraryText,
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 100, max: 599 }),
      (parts, depth, status) => {
        const text = `${parts[0]}${parts[1].join('')}`;
        for (const httpStatus of [200, status]) {
          const reply = interpret(quote(text, depth), httpStatus);
          if (reply.kind !== 'bought') continue;
          assert.ok(httpStatus >= 200 && httpStatus < 300);
          assert.match(text, /success\s*\|/i);
          assert.ok(isPublicIpv4(reply.ip));
          const named = new Set(text.match(/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/g));
          assert.deepEqual([...named], [reply.ip]);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('every public address is found in a plain success', () => {
  fc.assert(
    fc.property(octet, octet, octet, octet, (...octets) => {
      const ip = octets.join('.');
      const reply = interpret(`success|Your ip is: ${ip}`);
      assert.deepEqual(reply.kind === 'bought' ? reply.ip : null, isPublicIpv4(ip) ? ip : null);
    }),
  );
});

test('a long run of digits and dots is read in no time worth naming', () => {
  for (const run of ['1'.repeat(4096), '1.'.repeat(2048), '1.1.'.repeat(1024), 'a.'.repeat(2048)]) {
    const startedAt = performance.now();
    assert.equal(interpret(`success|${run}`).kind, 'unknown');
    assert.ok(performance.now() - startedAt < 2_000);
  }
});
