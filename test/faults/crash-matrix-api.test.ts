import {
  both,
  casesOf,
  checkoutBorders,
  provisioningBorders,
  testCases,
  webhookBorder,
} from './crash-cases.ts';
import { startCrashService } from './crash-service.ts';
import { sharedCrashStack } from './crash-stack.ts';

const cases = casesOf(
  {
    victim: 'api',
    bordersOf: [
      { borders: [...checkoutBorders, webhookBorder], phases: both },
      { borders: provisioningBorders, phases: ['after'] },
    ],
  },
  191,
);

testCases(cases, async () =>
  startCrashService({
    stack: await sharedCrashStack(),
    packageNames: cases.map(({ packageName }) => packageName),
  }),
);
