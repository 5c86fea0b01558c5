import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summariseShop } from '../../src/dev/start-summary.ts';

test("the start says how the operator's commands find what it has started, and repeats no setting of somebody's own", () => {
  const env = {
    MONGODB_URI: 'mongodb://127.0.0.1:27018/harbourmaster',
    TEMPORAL_ADDRESS: '127.0.0.1:7233',
    TEMPORAL_NAMESPACE: 'default',
  };
  const shop = {
    ...{ apiUrl: 'http://127.0.0.1:3000', env, secretsFile: '/data/secrets.json', demoAdmin: 'demo' },
    ...{ simulator: null, isDemo: true },
  };
  const say = (given: Record<string, string>) =>
    summariseShop({ shop: { ...shop, given }, temporalUi: 'http://127.0.0.1:8233', order: null });
  assert.ok(
    say({}).includes(
      "  MONGODB_URI='mongodb://127.0.0.1:27018/harbourmaster' TEMPORAL_ADDRESS='127.0.0.1:7233' npm run ops -- orders list",
    ),
  );
  const own = say({ MONGODB_URI: 'mongodb://user:a-secret@db/shop' });
  assert.match(own, /^ {2}TEMPORAL_ADDRESS='127\.0\.0\.1:7233' npm run ops/m);
  assert.doesNotMatch(own, /a-secret/);
});
