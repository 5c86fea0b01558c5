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
    victim: 'worker',
    bordersOf: [
      { borders: checkoutBorders, phases: ['after'] },
      { borders: [webhookBorder], phases: both },
      { borders: provisioningBorders, phases: both },
    ],
  },
  190,
);

testCases(cases, async () =>
  startCrashService({
    stack: await sharedCrashStack(),
    packageNames: cases.map(({ packageName }) => packageName),
  }),
);
