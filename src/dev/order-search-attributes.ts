import { SearchAttributeType } from '@temporalio/common';
import { searchAttributeKeys } from '../../workflows/contract/search-attributes.ts';
import type { SearchAttributes } from './embedded-temporal.ts';

/** The search attributes of an order's workflows, as a dev server registers them at its start. */
export const orderSearchAttributes: SearchAttributes = Object.fromEntries(
  searchAttributeKeys.map(({ name, type }) => [
    name,
    type === SearchAttributeType.DATETIME ? 'Datetime' : 'Keyword',
  ]),
);
