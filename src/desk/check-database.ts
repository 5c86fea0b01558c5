import { randomUUID } from 'node:crypto';
import { type Db, MongoServerError } from 'mongodb';
import { collectionsOf } from '../database.ts';
import type { Finding } from '../domain/finding.ts';

const rivals = 8;
const authenticationFailed = 18;
const smallestMajor = 7;

/** Looks at the database: reach, version, one winner per conditional update, and what the shop needs in it. */
export async function checkDatabase(input: {
  db: Db;
  /** Host and port, for the words. */
  hosts: string;
  /** Ids of the keys that open sealed logins; null where they are not known. */
  keyIds: readonly string[] | null;
}): Promise<Finding[]> {
  const reached = await checkReach(input);
  if (reached.level === 'fail') return [reached];
  const { db, keyIds } = input;
  const looks = [
    checkOneWinner(db),
    checkCatalogue(db),
    checkForeignServers(db),
    ...(keyIds === null ? [] : [checkKeys(db, keyIds)]),
  ];
  return [reached, ...(await Promise.all(looks))];
}

function ok(name: string, detail: string): Finding {
  return { name, level: 'ok', detail, remedy: null };
}

async function checkReach({ db, hosts }: { db: Db; hosts: string }): Promise<Finding> {
  const name = 'MongoDB';
  try {
    const [build, hello] = [await db.command({ buildInfo: 1 }), await db.command({ hello: 1 })];
    const version = String(build.version);
    const answers = `answers at ${hosts}, version ${version}`;
    if ('ferretdbVersion' in build) {
      const remedy = 'For a shop run MongoDB 7 or newer, as a replica set.';
      return { name, level: 'warn', detail: `${answers} (FerretDB: for trying and testing)`, remedy };
    }
    if (Number.parseInt(version, 10) < smallestMajor) {
      return { name, level: 'fail', detail: answers, remedy: `Run MongoDB ${smallestMajor} or newer.` };
    }
    if ('setName' in hello || hello.msg === 'isdbgrid') return ok(name, `${answers}, replicated`);
    const remedy = 'Run it as a replica set: a lone server that is lost takes the ledger with it.';
    return { name, level: 'warn', detail: `${answers}, a lone server`, remedy };
  } catch (error) {
    const isLogin = error instanceof MongoServerError && error.code === authenticationFailed;
    const detail = isLogin ? `${hosts} refuses the login.` : `No database answers at ${hosts}.`;
    return { name, level: 'fail', detail, remedy: 'Start it, or correct MONGODB_URI.' };
  }
}

/** The whole service rests on it: of rivals that all saw the same state exactly one may change it. */
async function checkOneWinner(db: Db): Promise<Finding> {
  const name = 'Conditional updates';
  const trials = db.collection<{ _id: string; winner: number | null }>('doctorTrials');
  const _id = randomUUID();
  await trials.insertOne({ _id, winner: null });
  const tries = Array.from({ length: rivals }, (_, winner) =>
    trials.updateOne({ _id, winner: null }, { $set: { winner } }),
  );
  const won = (await Promise.all(tries)).filter(({ matchedCount }) => matchedCount === 1).length;
  await trials.deleteOne({ _id });
  if (won === 1) return ok(name, `one of ${rivals} rivals has won, as it must be`);
  const remedy = 'Stop the workers and do not sell with this database: servers could be bought twice.';
  return { name, level: 'fail', detail: `${won} of ${rivals} rivals have won.`, remedy };
}

async function checkCatalogue(db: Db): Promise<Finding> {
  const name = 'Catalogue';
  const count = await collectionsOf(db).products.countDocuments();
  if (count > 0) return ok(name, count === 1 ? '1 product' : `${count} products`);
  const remedy = 'Run "npm run ops -- products import FILE".';
  return { name, level: 'warn', detail: 'There is no product to sell.', remedy };
}

async function checkForeignServers(db: Db): Promise<Finding> {
  const name = 'Older servers';
  const said = await collectionsOf(db).settings.findOne({ _id: 'foreignServers' });
  if (said) return ok(name, said.count === 0 ? 'there are none, it was said' : `${said.count} are known`);
  const remedy = 'Run "npm run ops -- servers import FILE", or with --none where there are none.';
  const detail = 'Nobody has said which there are: every purchase whose answer is lost becomes a case.';
  return { name, level: 'warn', detail, remedy };
}

async function checkKeys(db: Db, keyIds: readonly string[]): Promise<Finding> {
  const name = 'Sealed logins';
  const shut = await collectionsOf(db).credentials.findOne({ keyId: { $nin: [...keyIds] } });
  if (shut === null) return ok(name, 'CREDENTIALS_KEY opens all of them');
  const remedy = `Put the key "${shut.keyId}" back behind the first one in CREDENTIALS_KEY.`;
  return { name, level: 'fail', detail: `Some are sealed with the key "${shut.keyId}".`, remedy };
}
