/** What an admin asks for with `assignServer`. */
export interface AssignWish {
  ip: string;
  by: string;
  reason: string | null;
}

/** Whether a stranded server was taken for an order. `purchaseId` names the claim. */
export type ClaimAnswer = { kind: 'claimed'; purchaseId: string } | { kind: 'refused'; sentence: string };

/** How the claim of a server ended: it is the order's now, or stranded as before. */
export type ClaimEnd = { kind: 'bought'; ip: string } | { kind: 'gaveBack'; sentence: string };

/** What the policy `claimStranded` found for an order that is about to buy. */
export type StrandedClaim = { kind: 'claimed'; purchaseId: string; ip: string } | { kind: 'none' };
