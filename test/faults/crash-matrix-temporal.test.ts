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

const sideOfItsOwn = provisioningBorders.filter(({ wire }) => wire !== 'database');
const beside = provisioningBorders.filter(({ wire }) => wire === 'database');

const cases = casesOf(
  {
    victim: 'temporal',
    bordersOf: [
      { borders: checkoutBorders, phases: ['after'] },
      { borders: [webhookBorder, ...sideOfItsOwn], phases: both },
      { borders: beside, phases: ['after'] },
    ],
  },
  192,
);

testCases(cases, async () =>
  startCrashService({
    stack: await ownCrashStack(),
    packageNames: cases.map(({ packageName }) => packageName),
  }),
);
