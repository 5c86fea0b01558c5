import type { PurchaseOutcome } from '../domain/purchase-outcome.ts';
import type { PurchaseDocument } from './purchase-document.ts';

/** What the ledger says of a purchase: `open` while it can still be at the supplier, else its outcome. */
export type StoredOutcome = { kind: 'open'; row: PurchaseDocument } | PurchaseOutcome;
