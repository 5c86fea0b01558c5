import { randomUUID } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { Collection } from 'mongodb';
import { insertOnce } from '../database.ts';
import type { BookVerdict } from '../domain/verdict.ts';
import type { AdminDocument } from './admin-document.ts';

/** Argon2id, 19 MiB, two passes: the OWASP password storage cheat sheet's setting; the library's default algorithm. */
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{1,39}$/u;
const shortestPassword = 12;
/** Hashing reads all of it: a longer one only costs time. */
const longestPassword = 200;

export interface AdminBook {
  /** Adds an admin, or with `replace` gives a known one a new password. */
  add(input: { name: string; password: string; by: string; replace: boolean }): Promise<BookVerdict>;
  remove(input: { name: string }): Promise<BookVerdict>;
  list(): Promise<{ name: string; createdAt: string; createdBy: string }[]>;
  hasAny(): Promise<boolean>;
  /** The admin's name as it is shown, or null; an unknown name takes as long as a wrong password. */
  check(input: { name: string; password: string }): Promise<{ name: string; generation: string } | null>;
  /** The name as it is shown; null where there is no such admin. */
  findName(name: string): Promise<string | null>;
  /** Which password an admin has now; null where there is no such admin. */
  findGeneration(name: string): Promise<string | null>;
}

interface AdminBookDependencies {
  admins: Collection<AdminDocument>;
  /** Ends every session of an admin. */
  endSessions: (name: string) => Promise<void>;
  /** ISO UTC. */
  now: () => string;
}

/** The named admins of the shop, with their passwords as Argon2id hashes. */
export function createAdminBook({ admins, endSessions, now }: AdminBookDependencies): AdminBook {
  const nobody = hash('the password of nobody', argon2);
  return {
    async add({ name, password, by, replace }) {
      const problem = findProblem({ name, password });
      if (problem !== null) return { kind: 'refused', sentence: problem };
      const _id = keyOf(name);
      const passwordHash = await hash(password, argon2);
      const generation = randomUUID();
      const row = { _id, name: name.trim(), passwordHash, generation, createdAt: now(), createdBy: by };
      if (await insertOnce(admins, row)) return { kind: 'accepted', next: `${row.name} can sign in now.` };
      if (!replace) {
        const sentence = `There is an admin "${name}" already. Use --replace to give a new password.`;
        return { kind: 'refused', sentence };
      }
      const known = await admins.findOneAndUpdate({ _id }, { $set: { passwordHash, generation } });
      await endSessions(known?.name ?? row.name);
      return {
        kind: 'accepted',
        next: `${known?.name ?? row.name} has a new password; open sessions have ended.`,
      };
    },
    async remove({ name }) {
      const found = await admins.findOne({ _id: keyOf(name) });
      if (found === null) return { kind: 'refused', sentence: `There is no admin "${name}".` };
      await admins.deleteOne({ _id: found._id });
      await endSessions(found.name);
      return { kind: 'accepted', next: `${found.name} can no longer sign in; open sessions have ended.` };
    },
    async list() {
      const found = await admins.find().sort({ _id: 1 }).limit(1_000).toArray();
      return found.map(({ name, createdAt, createdBy }) => ({ name, createdAt, createdBy }));
    },
    hasAny: async () => (await admins.findOne({}, { projection: { _id: 1 } })) !== null,
    async check({ name, password }) {
      if (password.length > longestPassword) return null;
      const found = await admins.findOne({ _id: keyOf(name) });
      const isRight = await verify(found?.passwordHash ?? (await nobody), password);
      return found !== null && isRight ? { name: found.name, generation: found.generation ?? '' } : null;
    },
    async findName(name) {
      const found = await admins.findOne({ _id: keyOf(name) }, { projection: { name: 1 } });
      return found?.name ?? null;
    },
    async findGeneration(name) {
      const found = await admins.findOne({ _id: keyOf(name) }, { projection: { generation: 1 } });
      return found === null ? null : (found.generation ?? '');
    },
  };
}

function keyOf(name: string): string {
  return name.trim().toLowerCase();
}

function findProblem({ name, password }: { name: string; password: string }): string | null {
  if (!namePattern.test(name.trim())) {
    return 'The name is not 2 to 40 letters, digits, spaces, dots, dashes, underscores or @.';
  }
  if (password.length < shortestPassword)
    return `The password has fewer than ${shortestPassword} characters.`;
  return password.length > longestPassword
    ? `The password has more than ${longestPassword} characters.`
    : null;
}
