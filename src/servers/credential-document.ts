/** A sealed login (collection `credentials`, `_id` = purchaseId): AES-256-GCM, bound to its order. */
export interface CredentialDocument {
  _id: string;
  orderId: string;
  keyId: string;
  iv: string;
  tag: string;
  sealed: string;
  os: string;
  sealedAt: string;
  /** Who has seen it on the admin site, and when; null or absent: nobody, it may be shown once. */
  shown?: { by: string; at: string } | null;
}
