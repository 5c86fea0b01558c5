import assert from 'node:assert/strict';
import { allRuns, searchableText } from './histories.ts';
import type { TestService } from './service.ts';

/** What the test storefront says of its customer. */
const personalData = ['Demo Customer', 'customer@example.com', '9876543210'];
/** Where a customer's data may stand; no secret may stand even there. */
const collectionsWithCustomers = ['orders'];

/**
 * Looks through every history (payloads decoded), every log line and every document of the service: no password that
 * the supplier ever gave out, no secret of ours, and beyond the order itself nothing of the customer.
 */
export async function assertNothingLeaked(service: TestService): Promise<void> {
  const passwords = await passwordsSold(service);
  assert.ok(passwords.length > 0, 'something was sold, so there is a password to look for');
  const secrets = [...passwords, ...Object.values(service.secrets)];
  const histories = await readHistories(service);
  assert.ok(
    histories.some(({ text }) => text.includes('purchaseId')),
    'payloads can be searched',
  );
  const logs = [{ name: 'the logs', text: service.logLines.join('\n') }];
  const collections = await readCollections(service);
  const withoutCustomers = collections.filter(({ name }) => !collectionsWithCustomers.includes(name));
  assertAbsent({ words: secrets, places: [...histories, ...logs, ...collections] });
  assertAbsent({ words: personalData, places: [...histories, ...logs, ...withoutCustomers] });
}

interface Place {
  name: string;
  text: string;
}

function assertAbsent({ words, places }: { words: string[]; places: Place[] }): void {
  const found = places.flatMap(({ name, text }) => {
    const position = words.map((word) => text.indexOf(word)).find((index) => index >= 0);
    return position === undefined ? [] : [`${name}: ...${text.slice(Math.max(0, position - 80), position)}`];
  });
  assert.deepEqual(found, [], 'places that hold what they must not');
}

async function passwordsSold({ simulator }: TestService): Promise<string[]> {
  const { servers } = await simulator.ledger();
  const sold = await Promise.all(servers.map(({ address }) => simulator.server(address)));
  return sold.map(({ password }) => password);
}

async function readHistories({ client }: TestService): Promise<Place[]> {
  const runs = await allRuns(client);
  return runs.map((run) => ({ name: `the history of ${run.workflowId}`, text: searchableText(run) }));
}

async function readCollections({ rawDb }: TestService): Promise<Place[]> {
  const listed = await rawDb.listCollections({}, { nameOnly: true }).toArray();
  return Promise.all(
    listed.map(async ({ name }) => {
      const documents = await rawDb.collection(name).find().toArray();
      return { name, text: JSON.stringify(documents) };
    }),
  );
}
