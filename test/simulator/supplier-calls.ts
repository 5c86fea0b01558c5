import { setTimeout as wait } from 'node:timers/promises';
import type { TestSimulator } from '../support/simulator.ts';

/** One SmartVPS call, straight over fetch: the tests of the simulator share no client with the service. */
export async function callSmartvps(input: {
  simulator: TestSimulator;
  name: string;
  body: unknown;
  login?: string | null;
  signal?: AbortSignal;
}): Promise<{ status: number; text: string }> {
  const { simulator, name, body, login = 'shop:secret', signal } = input;
  const response = await fetch(`${simulator.addresses.smartvpsBaseUrl}/api/oceansmart/${name}`, {
    method: 'POST',
    redirect: 'manual',
    headers: login === null ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return { status: response.status, text: await response.text() };
}

/** Decodes JSON in JSON to the end and says how deep it was. */
export function decodeFully(text: string): { value: unknown; depth: number } {
  let value: unknown = text;
  let depth = 0;
  while (typeof value === 'string') {
    value = JSON.parse(value);
    depth += 1;
  }
  return { value, depth };
}

/** Asks again until the answer is not undefined; fails after 5 s. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 5000;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await wait(10);
  }
  throw new Error('The expected state did not come within 5 s.');
}
