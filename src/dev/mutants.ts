/** A bug as somebody could write it: texts that it replaces, and the tests that are there to catch it. */
export interface Mutant {
  name: string;
  edits: readonly { file: string; find: string; replaceBy: string }[];
  /** Narrow tests, by path; each needs nothing but the shared stack. */
  tests: readonly string[];
  /** Only tests whose name holds this, where the others of the file are slow. */
  only?: string;
}

const buyOnce = 'src/purchases/buy-once.ts';
const fence = 'src/purchases/fence.ts';
const lockRules = 'workflows/package-lock-rules.ts';
const rules = 'src/domain/purchase-rules.ts';

const buying: readonly Mutant[] = [
  {
    name: 'retry buy blindly: a purchase without an answer goes back and is sent again',
    edits: [
      {
        file: buyOnce,
        find: "await movePurchase({ db, purchaseId, from: ['sent'], to: 'unknown', set: { why } });",
        replaceBy: "await movePurchase({ db, purchaseId, from: ['sent'], to: 'intended', set: { why } });",
      },
    ],
    tests: ['test/purchases/buy-once.test.ts'],
  },
  {
    name: 'retry buy blindly: a lost answer counts as not sent',
    edits: [
      {
        file: 'src/suppliers/smartvps/interpret-purchase-reply.ts',
        find: "return { kind: 'unknown', why: reply.why };",
        replaceBy: "return { kind: 'notSent', why: reply.why };",
      },
    ],
    tests: ['test/suppliers/smartvps/interpret-purchase-reply.test.ts'],
  },
  {
    name: 'every run calls the supplier, not only the one that moved the row to sent',
    edits: [
      {
        file: buyOnce,
        find: "from: ['intended'], to: 'sent', set }",
        replaceBy: "from: ['intended', 'sent'], to: 'sent', set }",
      },
    ],
    tests: ['test/purchases/buy-once-interleavings.test.ts'],
  },
  {
    name: 'a reply is interpreted before it is stored',
    edits: [
      {
        file: 'src/purchases/settle-row.ts',
        find: 'await storeReply({ db, ...input });\n  const row = await readPurchase({ db, purchaseId });',
        replaceBy: 'const row = { ...(await readPurchase({ db, purchaseId })), reply };',
      },
    ],
    tests: ['test/purchases/buy-once.test.ts'],
  },
  {
    name: 'an order buys although it has goods already',
    edits: [
      {
        file: 'src/orders/order-arbiter.ts',
        find: "{ _id: orderId, money: 'kept', 'goods.state': 'none' },",
        replaceBy: "{ _id: orderId, money: 'kept' },",
      },
    ],
    tests: ['test/orders/order-arbiter.test.ts'],
  },
  {
    name: 'a purchase of a refunded order is sent',
    edits: [
      {
        file: 'src/orders/order-arbiter.ts',
        find: "{ _id: orderId, money: 'kept', 'goods.state': 'none' },",
        replaceBy: "{ _id: orderId, 'goods.state': 'none' },",
      },
    ],
    tests: ['test/purchases/buy-once.test.ts'],
  },
];

const guarding: readonly Mutant[] = [
  {
    name: 'no fence: a purchase that may be at the supplier stops nobody',
    edits: [
      {
        file: fence,
        find: "if (purchase && !freesFence(purchase.state)) return { kind: 'busy', purchase };",
        replaceBy: '',
      },
    ],
    tests: ['test/purchases/buy-once-interleavings.test.ts'],
  },
  {
    name: 'no fence: an old fencing number is as good as a new one',
    edits: [
      {
        file: fence,
        find: "if (fence.highest >= fencingNumber) return { kind: 'staleGrant' };",
        replaceBy: '',
      },
      { file: fence, find: ', highest: { $lt: input.fencingNumber } },', replaceBy: ' },' },
    ],
    tests: ['test/purchases/buy-once.test.ts'],
  },
  {
    name: 'the lock is released before the purchase ends',
    edits: [
      {
        file: 'workflows/with-package-lock.ts',
        find: 'const done = await body(',
        replaceBy: "await giveBack(desk, pass, 'supplierAnswered');\n    const done = await body(",
      },
    ],
    tests: ['test/workflows/with-package-lock.test.ts'],
    only: 'who waits and who holds is known',
  },
  {
    name: 'trust a lease: a holder that is looked for is taken for dead',
    edits: [
      {
        file: lockRules,
        find: 'if (dueMs !== null && nowMs >= dueMs) sendGrant(turn);',
        replaceBy: 'if (dueMs !== null && nowMs >= dueMs) turn.state.holder = null;',
      },
    ],
    tests: ['test/workflows/package-lock-exploration.test.ts'],
    only: 'and 0 faults',
  },
  {
    name: 'a dead holder keeps the lock',
    edits: [
      {
        file: lockRules,
        find: 'if (grant.workflowGone || !holder.delivered) turn.state.holder = null;',
        replaceBy: 'if (!holder.delivered) turn.state.holder = null;',
      },
    ],
    tests: ['test/workflows/package-lock-exploration.test.ts'],
    only: 'and 1 faults',
  },
  {
    name: 'the lock serves the last who came',
    edits: [
      {
        file: lockRules,
        find: 'const [next, ...others] = state.waiters;',
        replaceBy: 'const [next, ...others] = state.waiters.toReversed();',
      },
    ],
    tests: ['test/workflows/package-lock-exploration.test.ts'],
    only: 'and 0 faults',
  },
  {
    name: 'fencing numbers follow the clock alone',
    edits: [
      {
        file: lockRules,
        find: 'state.lastFencingNumber = Math.max(state.lastFencingNumber + 1, turn.nowMs);',
        replaceBy: 'state.lastFencingNumber = turn.nowMs;',
      },
    ],
    tests: ['test/workflows/package-lock-rules.test.ts'],
  },
  {
    name: 'a request that is repeated is queued twice',
    edits: [
      {
        file: lockRules,
        find: 'if (before === undefined) state.waiters.push(',
        replaceBy: 'if (before === undefined || state.waiters.length > 1) state.waiters.push(',
      },
    ],
    tests: ['test/faults/package-lock-rules.test.ts'],
  },
  {
    name: 'the breaker never trips',
    edits: [
      {
        file: lockRules,
        find: 'const isTripped = failures >= breakerAfter;',
        replaceBy: 'const isTripped = failures > breakerAfter + 1_000;',
      },
    ],
    tests: ['test/workflows/package-lock-rules.test.ts'],
  },
  {
    name: 'status before lock: an order that waits its turn is shown as provisioning',
    edits: [
      {
        file: 'workflows/buy-under-lock.ts',
        find: "status: stageOf(run, 'queued'),",
        replaceBy: "status: stageOf(run, 'provisioning'),",
      },
    ],
    tests: ['test/e2e/retry-signal.test.ts'],
    only: 'waits its turn',
  },
];

const settling: readonly Mutant[] = [
  {
    name: 'believe resolvePurchase unchecked',
    edits: [
      {
        file: 'src/purchases/resolve-purchase.ts',
        find: 'if (objection !== null) return refused(objection);',
        replaceBy: 'void objection;',
      },
    ],
    tests: ['test/purchases/resolve-purchase.test.ts'],
  },
  {
    name: 'an address is taken for ours although another purchase may have got it',
    edits: [
      {
        file: rules,
        find: 'if (evidence.rivals.length > 0) {',
        replaceBy: 'if (evidence.rivals.length > 99) {',
      },
    ],
    tests: ['test/domain/purchase-rules.test.ts'],
  },
  {
    name: 'nothing new in a nearly empty package counts as not bought',
    edits: [
      { file: rules, find: 'if (stockBefore <= lowStockWarning) {', replaceBy: 'if (stockBefore < 0) {' },
    ],
    tests: ['test/purchases/settle-by-evidence.test.ts'],
  },
  {
    name: 'a sale under way while the stock was read explains whatever fell since',
    edits: [
      {
        file: 'src/domain/stock-falls.ts',
        find: 'sales.filter(({ sentAt }) => sentAt >= until).length',
        replaceBy: 'sales.filter(({ settledAt }) => settledAt >= until).length',
      },
    ],
    tests: ['test/domain/stock-falls.test.ts'],
  },
  {
    name: 'absence is believed at once',
    edits: [
      {
        file: rules,
        find: "if (Date.parse(evidence.now) < proofAt) return { kind: 'wait'",
        replaceBy: "if (Date.parse(evidence.now) < 0) return { kind: 'wait'",
      },
    ],
    tests: ['test/purchases/settle-by-evidence.test.ts'],
  },
  {
    name: 'a verdict by evidence overrules an answer that came meanwhile',
    edits: [
      {
        file: 'src/purchases/settle-purchase.ts',
        find: 'if (isSame(row, await readPurchase({ db: deps.db, purchaseId })))',
        replaceBy: 'if (row._id === purchaseId)',
      },
      {
        file: 'src/purchases/settle-purchase.ts',
        find: "{ _id: row._id, state: { $in: ['sent', 'unknown'] }, sentAt: row.sentAt, ...unanswered },",
        replaceBy: '{ _id: row._id },',
      },
    ],
    tests: ['test/purchases/settle-by-evidence.test.ts'],
  },
];

const accounting: readonly Mutant[] = [
  {
    name: 'text-prefix match of packages',
    edits: [
      {
        file: 'src/domain/package-name.ts',
        find: 'return name.thirds.includes(address[2]) && (name.fourth === null || name.fourth === address[3]);',
        replaceBy: 'return input.address.startsWith(name.text);',
      },
    ],
    tests: ['test/domain/package-name.test.ts'],
  },
  {
    name: 'forget the stranded server: a wiped server stays what it was',
    edits: [
      {
        file: 'src/servers/strand-server.ts',
        find: 'await endChange({ ...change, to, now: now() });',
        replaceBy: 'await endChange({ ...change, now: now() });',
      },
    ],
    tests: ['test/servers/strand-server.test.ts'],
  },
  {
    name: 'forget the wrong server: it is not held for its order',
    edits: [
      {
        file: 'src/servers/verify-server.ts',
        find: "await moveTenancy({ db, serverId: id, purchaseId, from: ['bought'], to: 'held', now });",
        replaceBy: '',
      },
    ],
    tests: ['test/servers/verify-server.test.ts'],
  },
  {
    name: 'forget a sale that is told after the verdict',
    edits: [
      {
        file: 'src/purchases/settle-row.ts',
        find: 'for (const reply of [row.reply, row.lateReply]) {',
        replaceBy: 'for (const reply of [] as (typeof row.reply)[]) {',
      },
    ],
    tests: ['test/purchases/settle-by-evidence.test.ts'],
  },
  {
    name: 'an address that somebody holds is sold to another order as well',
    edits: [
      {
        file: 'src/servers/tenancies.ts',
        find: "if (isLiving({ tenancy: old, now })) return { kind: 'otherTenancy', tenancy: old };",
        replaceBy: '',
      },
    ],
    tests: ['test/servers/tenancies.test.ts'],
  },
  {
    name: 'a server is wiped without the move of its tenancy',
    edits: [
      {
        file: 'src/servers/strand-server.ts',
        find: "if (begun === 'refused') {",
        replaceBy: "if (begun === 'refused' && ip === '') {",
      },
      {
        file: 'src/servers/strand-server.ts',
        find: "if (begun === 'begun') {",
        replaceBy: "if (begun !== 'done') {",
      },
    ],
    tests: ['test/servers/strand-server.test.ts'],
  },
  {
    name: 'a server is delivered although the money has gone back',
    edits: [
      {
        file: 'src/orders/order-arbiter.ts',
        find: "money: 'kept',\n      'goods.state': { $in: ['buying', 'parked'] },",
        replaceBy: "'goods.state': { $in: ['buying', 'parked'] },",
      },
    ],
    tests: ['test/orders/order-arbiter.test.ts'],
  },
  {
    name: 'a late write takes the status back',
    edits: [
      {
        file: 'src/orders/project-order.ts',
        find: 'owner: workflowId, version: { $lt: version } },',
        replaceBy: 'owner: workflowId },',
      },
    ],
    tests: ['test/orders/project-order.test.ts'],
  },
  {
    name: 'a second payment counts as the first one',
    edits: [
      {
        file: 'src/payments/record-payment.ts',
        find: "return now?.paymentKey === key ? 'right' : 'extra';",
        replaceBy: "return now ? 'right' : 'extra';",
      },
    ],
    tests: ['test/payments/record-payment.test.ts'],
  },
];

/** Every bug that `npm run test:mutants` plants, one at a time. */
export const mutants: readonly Mutant[] = [...buying, ...guarding, ...settling, ...accounting];
