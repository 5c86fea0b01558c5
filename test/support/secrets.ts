import assert from 'node:assert/strict';
import type { SimulatorControl } from '../../src/dev/simulator-control.ts';
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
  const passwords = await passwordsSold(service.simulator);
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

/** Something that was written or answered, as text. */
export interface Place {
  name: string;
  text: string;
}

/** Fails where a place holds one of the words, however it is written there. */
export function assertAbsent({ words, places }: { words: string[]; places: Place[] }): void {
  const forms = words.flatMap(formsOf);
  const found = places.flatMap(({ name, text }) => {
    const position = forms.map((form) => text.indexOf(form)).find((index) => index >= 0);
    return position === undefined ? [] : [`${name}: ...${text.slice(Math.max(0, position - 80), position)}`];
  });
  assert.deepEqual(found, [], 'places that hold what they must not');
}

/** How a text may stand in a page, JSON, an URL, or in base64 at any of its three places. */
export function formsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const escaped = (of: string) => of.replace(/[&<>]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  const html = (quote: string) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", quote);
  const base64 = ['', 'x', 'xx'].map((before) => {
    const bytes = Buffer.from(before + text);
    // Only whole groups that hold nothing but the text itself.
    const from = before === '' ? 0 : 4;
    return bytes.toString('base64').slice(from, Math.floor(bytes.length / 3) * 4);
  });
  const forms = [text, json, escaped(json), html('&#39;'), html("'"), encodeURIComponent(text), ...base64];
  return [...new Set(forms)];
}

/** The password of every server that the supplier ever sold. */
export async function passwordsSold(
  simulator: Pick<SimulatorControl, 'ledger' | 'server'>,
): Promise<string[]> {
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
