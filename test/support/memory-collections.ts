import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { MongoServerError } from 'mongodb';
import type { Collections } from '../../src/database.ts';

type Row = Record<string, unknown> & { _id: string };

/**
 * The collections in memory, with the few operators that ledger and stores use; each call is one atomic step. It
 * passes the same contract test as the real database, and lets a test walk through thousands of interleavings.
 * `beforeCall` runs before each step: a test can hold it there.
 */
export function createMemoryCollections(
  beforeCall: () => Promise<void> = async () => undefined,
): Collections {
  const names = [
    'orders',
    'products',
    'packages',
    'purchases',
    'openPurchases',
    'servers',
    'credentials',
    'payments',
    'refunds',
    'cases',
    'settings',
  ];
  const collections = names.map((name) => [name, createCollection(beforeCall)]);
  return Object.fromEntries(collections) as Collections;
}

function createCollection(beforeCall: () => Promise<void>) {
  const rows = new Map<string, Row>();
  const search = (filter: Row) => [...rows.values()].filter((row) => matches(row, filter));
  const change = (filter: Row, update: Record<string, Record<string, unknown>>) => {
    const [row] = search(filter);
    if (row) apply(row, update);
    return { matchedCount: row ? 1 : 0 };
  };
  return {
    async findOne(filter: Row) {
      await beforeCall();
      const [row] = search(filter);
      return row ? structuredClone(row) : null;
    },
    find: (filter: Row) => ({ toArray: async () => search(filter).map((row) => structuredClone(row)) }),
    async insertOne(row: Row) {
      await beforeCall();
      if (rows.has(row._id)) throw new MongoServerError({ message: 'E11000 duplicate key', code: 11000 });
      rows.set(row._id, structuredClone(row));
      return { insertedId: row._id };
    },
    async updateOne(filter: Row, update: Record<string, Record<string, unknown>>) {
      await beforeCall();
      return change(filter, update);
    },
  };
}

function read(row: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], row);
}

function matches(row: Row, filter: Record<string, unknown>): boolean {
  return Object.entries(filter).every(([path, condition]) => matchesOne(read(row, path) ?? null, condition));
}

function matchesOne(value: unknown, condition: unknown): boolean {
  const [first] =
    typeof condition === 'object' && condition !== null ? Object.entries(condition) : ([] as never[]);
  if (!first?.[0].startsWith('$')) {
    // As the database: a list fits where one of its entries does.
    const isEntry = Array.isArray(value) && value.some((entry) => isDeepStrictEqual(entry, condition));
    return isEntry || isDeepStrictEqual(value, condition ?? null);
  }
  const [operator, operand] = first;
  if (operator === '$in') return (operand as unknown[]).includes(value);
  if (operator === '$ne') return !matchesOne(value, operand);
  if (operator === '$not') return !matchesOne(value, operand);
  if (operator === '$lt') return (value as number) < (operand as number);
  // As the database: nothing is compared with a value of another type.
  const isComparable = typeof value === typeof operand;
  if (operator === '$gt') return isComparable && (value as string) > (operand as string);
  if (operator === '$gte') return isComparable && (value as string) >= (operand as string);
  assert.fail(`The memory collections have no ${operator}.`);
}

function apply(row: Row, update: Record<string, Record<string, unknown>>): void {
  for (const [operator, fields] of Object.entries(update)) {
    for (const [path, operand] of Object.entries(fields)) {
      const keys = path.split('.');
      const last = keys.pop() ?? '';
      const parent = (keys.length === 0 ? row : read(row, keys.join('.'))) as Record<string, unknown>;
      assert.ok(parent, `nothing to hold ${path}`);
      parent[last] = changed(operator, parent[last], structuredClone(operand));
    }
  }
}

function changed(operator: string, value: unknown, operand: unknown): unknown {
  if (operator === '$set') return operand;
  if (operator === '$max') return Math.max(value as number, operand as number);
  if (operator === '$inc') return (value as number) + (operand as number);
  if (operator === '$pull') return (value as unknown[]).filter((entry) => entry !== operand);
  if (operator === '$push') {
    const each = (operand as { $each?: unknown[] }).$each ?? [operand];
    return [...(value as unknown[]), ...each];
  }
  assert.fail(`The memory collections have no ${operator}.`);
}
