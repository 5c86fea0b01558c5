import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Search attributes of an order's workflows; unregistered ones would fail its tasks silently for ever. */
export const orderStatusKey = defineSearchAttributeKey('OrderStatus', SearchAttributeType.KEYWORD);
export const failureCodeKey = defineSearchAttributeKey('FailureCode', SearchAttributeType.KEYWORD);
export const supplierPackageKey = defineSearchAttributeKey('SupplierPackage', SearchAttributeType.KEYWORD);
export const statusSinceKey = defineSearchAttributeKey('StatusSince', SearchAttributeType.DATETIME);
export const decisionDeadlineKey = defineSearchAttributeKey('DecisionDeadline', SearchAttributeType.DATETIME);

export const searchAttributeKeys = [
  orderStatusKey,
  failureCodeKey,
  supplierPackageKey,
  statusSinceKey,
  decisionDeadlineKey,
] as const;
