import assert from 'node:assert/strict';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import type { TestService } from './service.ts';

/**
 * Holds our ledger against the simulator's: purchases of a package never overlapped, every sale has a purchase row of
 * its own and the other way round, and every address in our ledger has exactly one tenancy.
 */
export async function assertLedgersAgree(service: TestService): Promise<void> {
  const [{ purchases, summary }, rows, servers] = await Promise.all([
    service.simulator.ledger(),
    service.db.purchases.find().toArray(),
    service.db.servers.find().toArray(),
  ]);
  assert.deepEqual(summary.overlaps, [], 'purchases of one package never run at once');
  const sales = purchases.filter(({ soldAddress }) => soldAddress !== null);
  const owners = sales.map((sale) => ownerOf(sale, rows));
  assert.equal(
    new Set(owners.map(({ _id }) => _id)).size,
    sales.length,
    'a purchase row has one sale at most',
  );
  for (const [index, owner] of owners.entries()) {
    if (owner.ip !== null) assert.equal(owner.ip, sales[index]?.soldAddress, `the address of ${owner._id}`);
  }
  for (const { _id, ip, duplicate, kind } of rows) {
    // A claim buys nothing: the address was sold to an earlier purchase.
    if (ip === null || kind === 'claim') continue;
    assert.ok(
      owners.some((owner) => owner._id === _id),
      `${_id} with ${ip} was sold by the supplier`,
    );
    const tenancies = servers.flatMap(({ tenancy, history }) => [tenancy, ...history]);
    const own = tenancies.filter(({ purchaseId }) => purchaseId === _id);
    assert.equal(own.length, duplicate ? 0 : 1, `tenancies of ${_id}`);
  }
}

/** The row of a sale: what was sent last for that package before the supplier heard of it. */
function ownerOf(sale: PurchaseCall, rows: readonly PurchaseDocument[]): PurchaseDocument {
  const [owner] = rows
    .filter(
      ({ packageName, sentAt }) => packageName === sale.request.ip && sentAt && sentAt <= sale.startedAt,
    )
    .sort((left, right) => (right.sentAt ?? '').localeCompare(left.sentAt ?? ''));
  assert.ok(owner, `the sale of ${sale.soldAddress} (${sale.callId}) has no purchase row`);
  return owner;
}

/** Every fault that is set must have changed something, or the test around it proves nothing. */
export async function assertFaultsFired(service: TestService): Promise<void> {
  const idle = (await service.simulator.faults()).filter(({ fired }) => fired === 0);
  assert.deepEqual(
    idle.map(({ id, call }) => `${id} (${call})`),
    [],
    'faults that never fired',
  );
}
