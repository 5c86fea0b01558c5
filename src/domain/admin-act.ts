/** What a person did to an order, a lock, a case or a server: one row of `auditLog` (I11). No customer's data. */
export interface AdminAct {
  /** The same act has the same id, whatever is repeated. */
  actId: string;
  /** ISO UTC. */
  at: string;
  by: string;
  /** `retryOrder`, `cancelOrder`, `pauseLock`, `strandServer`, ... */
  act: string;
  subject: {
    kind:
      | 'order'
      | 'lock'
      | 'purchase'
      | 'server'
      | 'supplier'
      | 'product'
      | 'discount'
      | 'admin'
      | 'customer';
    id: string;
  };
  reason: string | null;
  accepted: boolean;
  /** What was answered, in words. */
  answer: string;
}
