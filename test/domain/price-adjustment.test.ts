import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adjustPrice, type SoldProduct } from '../../src/domain/price-adjustment.ts';

const sold = (productId: string, packageName: string, pricePaise: number, ramGb = 8): SoldProduct => ({
  productId,
  name: `Product ${productId}`,
  supplier: 'smartvps',
  packageName,
  sizes: [{ ramGb, pricePaise }],
});
const server = { supplier: 'smartvps' as const, ip: '103.182.44.18', ramGb: 8 };
const nothing = { productId: null, amountPaise: null };
const adjust = (input: Partial<Parameters<typeof adjustPrice>[0]>) =>
  adjustPrice({
    orderId: 'X',
    ordered: { productId: 'ordered', pricePaise: 89_900, paidPaise: 89_900, currency: 'INR' },
    server,
    products: [sold('narrow', '103.182.44', 49_900), sold('wide', '103.182', 39_900)],
    wish: nothing,
    ...input,
  });

test('the product is the narrowest one whose package holds the address; the difference is that of the prices', () => {
  assert.deepEqual(adjust({}), {
    kind: 'adjusted',
    productId: 'narrow',
    productName: 'Product narrow',
    differencePaise: 40_000,
  });
  const tie = adjust({ products: [sold('b', '103.182.44', 60_000), sold('a', '103.182.44', 50_000)] });
  assert.equal(tie.kind === 'adjusted' && tie.productId, 'a', 'of two that fit alike the cheaper one');
});

test('of two products of one package a server is the one that was ordered, as long as that has a price', () => {
  const cheaper = sold('cheaper', '103.182.44', 49_900);
  const asOrdered = adjust({ products: [cheaper, sold('ordered', '103.182.44', 89_900)] });
  assert.deepEqual(asOrdered.kind === 'adjusted' && [asOrdered.productId, asOrdered.differencePaise], [
    'ordered',
    0,
  ]);
  const unpriced = adjust({ products: [cheaper, sold('ordered', '103.182.44', 89_900, 4)] });
  assert.equal(unpriced.kind === 'adjusted' && unpriced.productId, 'cheaper');
  const wider = adjust({ products: [cheaper, sold('ordered', '103.182', 89_900)] });
  assert.equal(wider.kind === 'adjusted' && wider.productId, 'cheaper', 'the narrower package is nearer');
});

test('a product, or an amount, can be said; what has no price or is more than was paid is refused', () => {
  const named = adjust({ wish: { productId: 'wide', amountPaise: null } });
  assert.equal(named.kind === 'adjusted' && named.differencePaise, 50_000);
  const said = adjust({ products: [], wish: { productId: null, amountPaise: 10 } });
  assert.deepEqual(said.kind === 'adjusted' && [said.productId, said.productName], [
    null,
    'Server 103.182.44.18',
  ]);
  const refusals = [
    adjust({ products: [] }),
    adjust({ products: [sold('narrow', '103.182.44', 1, 4)] }),
    adjust({ wish: { productId: 'nobody', amountPaise: null } }),
    adjust({ wish: { productId: null, amountPaise: 89_901 } }),
  ];
  for (const refusal of refusals) assert.equal(refusal.kind, 'refused', JSON.stringify(refusal));
});

test('the difference is never negative and never more than was paid, whatever the prices and the discount are', () => {
  const paise = fc.integer({ min: 0, max: 10_000_000 });
  fc.assert(
    fc.property(paise, paise, paise, (pricePaise, discountPaise, deliveredPaise) => {
      const paidPaise = Math.max(0, pricePaise - discountPaise);
      const found = adjust({
        ordered: { productId: 'ordered', pricePaise, paidPaise, currency: 'INR' },
        products: [sold('narrow', '103.182.44', deliveredPaise)],
      });
      assert.ok(found.kind === 'adjusted');
      assert.ok(found.differencePaise >= 0 && found.differencePaise <= paidPaise);
      if (deliveredPaise >= pricePaise) assert.equal(found.differencePaise, 0);
    }),
  );
});
