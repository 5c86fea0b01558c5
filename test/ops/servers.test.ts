import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { aTenancy } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';
import { opsIn } from './run-command.ts';

test('servers list leaves out nobody, however many there are, and sums the money of all that are stranded', async () => {
  const { db, uri } = await freshDatabase();
  await collectionsOf(db).servers.insertMany(
    Array.from({ length: 1_001 }, (_, index) => {
      const ip = `103.7.${Math.floor(index / 200)}.${index % 200}`;
      const tenancy = aTenancy({
        purchaseId: `${ip}#1`,
        orderId: ip,
        state: 'stranded',
        expiresAt: '2999-01-01T00:00:00.000Z',
        cost: { amountMinor: 100, currency: 'INR' },
      });
      return { _id: `smartvps:${ip}`, supplier: 'smartvps' as const, ip, tenancy, history: [] };
    }),
  );
  const { code, stdout, stderr } = await opsIn({ MONGODB_URI: uri }, ['servers', 'list']);
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n');
  assert.deepEqual([lines.length, lines.at(-1)], [1_002, '1001 servers. Stranded: ₹1001.00.']);
});
