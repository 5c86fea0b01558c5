import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { MongoServerError } from 'mongodb';
import type { Collections } from '../../src/database.ts';

/*
 * The database as a value: a call on one state gives an answer and the next state. An exploration can hold thousands of
 * states and go on from each. It knows exactly the operators that the ledger uses; a contract test holds it against the
 * real database.
 */

export type Row = Readonly<Record<string, unknown>> & { readonly _id: string };
type Conditions = Readonly<Record<string, unknown>>;
type Changes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type DatabaseCall =
  | { method: 'findOne'; collection: string; filter: Conditions }
  | { method: 'find'; collection: string; filter: Conditions }
  | { method: 'insertOne'; collection: string; row: Row }
  | { method: 'updateOne'; collection: string; filter: Conditions; update: Changes };

/** Equal states are the same object, and so are equal rows: `id` names a state. */
export interface DatabaseState {
  id: number;
  rows: ReadonlyMap<string, Row>;
}

export interface DatabaseAnswer {
  state: DatabaseState;
  /** The answer as text: equal answers have equal keys. */
  key: string;
  value: unknown;
  error?: Error;
}

export interface DatabaseStates {
  empty: DatabaseState;
  call: (state: DatabaseState, call: DatabaseCall) => DatabaseAnswer;
}

/** States and rows are kept for good, so that equal ones are found again. */
export function createDatabaseStates(): DatabaseStates {
  const rowIds = new Map<Row, number>();
  const knownRows = new Map<string, Row>();
  const states = new Map<string, DatabaseState>();
  const keepRow = (row: Row): Row => {
    const text = JSON.stringify(row);
    const known = knownRows.get(text);
    if (known) return known;
    const kept = deepFreeze(JSON.parse(text) as Row);
    knownRows.set(text, kept);
    rowIds.set(kept, rowIds.size);
    return kept;
  };
  const keepState = (rows: ReadonlyMap<string, Row>): DatabaseState => {
    const text = [...rows].map(([key, row]) => `${key}=${rowIds.get(row)}`).join();
    const known = states.get(text);
    if (known) return known;
    const state = { id: states.size, rows };
    states.set(text, state);
    return state;
  };
  const withRow = (state: DatabaseState, key: string, row: Row): DatabaseState => {
    const kept = keepRow(row);
    if (state.rows.get(key) === kept) return state;
    const rows = new Map(state.rows).set(key, kept);
    if (state.rows.has(key)) return keepState(rows);
    return keepState(new Map([...rows].sort(([one], [other]) => (one < other ? -1 : 1))));
  };
  return {
    empty: keepState(new Map()),
    call(state, call) {
      if (call.method === 'insertOne') {
        const key = `${call.collection}/${call.row._id}`;
        if (state.rows.has(key)) {
          const error = new MongoServerError({ message: 'E11000 duplicate key', code: 11000 });
          return { state, key: 'known', value: undefined, error };
        }
        return { state: withRow(state, key, call.row), key: 'new', value: { insertedId: call.row._id } };
      }
      const found = search(state, call.collection, call.filter);
      if (call.method === 'find') {
        const key = found.map((row) => rowIds.get(row)).join();
        return { state, key: `rows ${key}`, value: found };
      }
      const [row] = found;
      if (call.method === 'findOne') {
        return { state, key: row ? `row ${rowIds.get(row)}` : 'no row', value: row ?? null };
      }
      if (!row) return { state, key: 'matched 0', value: { matchedCount: 0 } };
      const next = withRow(state, `${call.collection}/${row._id}`, changeRow(row, call.update));
      return { state: next, key: 'matched 1', value: { matchedCount: 1 } };
    },
  };
}

/** The collections as the code under test sees them: each call is handed to `run`. */
export function collectionsOver(run: (call: DatabaseCall) => Promise<unknown>): Collections {
  const names =
    'orders products packages purchases openPurchases servers credentials payments cases settings';
  const collections = names.split(' ').map((collection) => [
    collection,
    {
      findOne: (filter: Conditions) => run({ method: 'findOne', collection, filter: plain(filter) }),
      find: (filter: Conditions) => ({
        toArray: async () => [
          ...((await run({ method: 'find', collection, filter: plain(filter) })) as Row[]),
        ],
      }),
      insertOne: (row: Row) => run({ method: 'insertOne', collection, row: plain(row) }),
      updateOne: (filter: Conditions, update: Changes) =>
        run({ method: 'updateOne', collection, filter: plain(filter), update: plain(update) }),
    },
  ]);
  return Object.fromEntries(collections) as Collections;
}

/** As the driver sends it: `undefined` becomes null. */
function plain<T>(value: T): T {
  if (value === undefined) return null as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain) as T;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)])) as T;
}

function search({ rows }: DatabaseState, collection: string, filter: Conditions): Row[] {
  if (typeof filter._id === 'string') {
    const row = rows.get(`${collection}/${filter._id}`);
    return row && matchesRow(row, filter) ? [row] : [];
  }
  const prefix = `${collection}/`;
  return [...rows].flatMap(([key, row]) => (key.startsWith(prefix) && matchesRow(row, filter) ? [row] : []));
}

function read(row: unknown, path: string): unknown {
  let value = row;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value ?? null;
}

function matchesRow(row: Row, filter: Conditions): boolean {
  return Object.entries(filter).every(([path, condition]) => {
    const value = read(row, path);
    const operators = operatorsOf(condition);
    if (!operators) return isDeepStrictEqual(value, condition);
    return operators.every(([operator, operand]) => holds(operator, value, operand));
  });
}

function operatorsOf(condition: unknown): [string, unknown][] | undefined {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) return undefined;
  const entries = Object.entries(condition);
  return entries.length > 0 && entries.every(([name]) => name.startsWith('$')) ? entries : undefined;
}

function holds(operator: string, value: unknown, operand: unknown): boolean {
  if (operator === '$in') {
    assert.ok(Array.isArray(operand), '$in takes a list');
    return operand.some((member) => isDeepStrictEqual(value, member));
  }
  if (operator !== '$lt' && operator !== '$gte') assert.fail(`The step database has no ${operator}.`);
  // Values of different kinds have no order: such a row does not match.
  if (typeof value === 'string' && typeof operand === 'string')
    return operator === '$lt' ? value < operand : value >= operand;
  if (typeof value === 'number' && typeof operand === 'number')
    return operator === '$lt' ? value < operand : value >= operand;
  return false;
}

function changeRow(row: Row, update: Changes): Row {
  const copy = structuredClone(row) as Record<string, unknown>;
  for (const [operator, fields] of Object.entries(update)) {
    for (const [path, operand] of Object.entries(fields)) {
      const names = path.split('.');
      const last = names.pop() ?? '';
      const holder = (names.length === 0 ? copy : read(copy, names.join('.'))) as Record<string, unknown>;
      assert.ok(holder !== null && typeof holder === 'object', `nothing holds ${path}`);
      holder[last] = changed(operator, holder[last], operand);
    }
  }
  return copy as Row;
}

function changed(operator: string, value: unknown, operand: unknown): unknown {
  if (operator === '$set') return operand;
  if (operator === '$max') return (value as number) < (operand as number) ? operand : value;
  if (operator === '$push') return [...(value as unknown[]), ...(operand as { $each: unknown[] }).$each];
  return assert.fail(`The step database has no ${operator}.`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
