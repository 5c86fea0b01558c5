import {
  both,
  casesOf,
  checkoutBorders,
  provisioningBorders,
  testCases,
  webhookBorder,
} from './crash-cases.ts';
import { startCrashService } from './crash-service.ts';
import { ownCrashStack } from './crash-stack.ts';

const cases = casesOf(
  {
    victim: 'database',
    bordersOf: [
      { borders: checkoutBorders, phases: both },
      { borders: [webhookBorder], phases: both },
      { borders: provisioningBorders, phases: both },
    ],
  },
  193,
);

testCases(cases, async () =>
  startCrashService({
    stack: await ownCrashStack(),
    packageNames: cases.map(({ packageName }) => packageName),
  }),
);
