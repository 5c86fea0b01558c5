import { GatewayError, type GatewayRefund, type NewGatewayRefund } from '../../src/payments/gateway.ts';

// The judge is a gateway that trusts the shop blindly: it never looks whether a refund goes beyond the payment, so that
// nothing but our own book keeps the sum right.

/** What every payment of these tests captured, integer paise. */
export const captured = 1_000;
export interface Ledger {
  refunds: Map<string, NewGatewayRefund & { status: GatewayRefund['status'] }>;
  /** Another body under an id that is known: never right. */
  conflicts: string[];
  /** What paid more than was captured, at the moment it did. */
  excesses: string[];
}

export type Answer = 'taken' | 'lostBefore' | 'lostAfter' | 'refused' | 'settledAtOnce';

export function createTrustingGateway(nextAnswer: () => Answer, pause: () => Promise<void>) {
  const ledger: Ledger = { refunds: new Map(), conflicts: [], excesses: [] };
  const lost = () => new GatewayError({ code: 'unreachable', message: 'Failed to refund: no answer.' });
  const givenOf = (paymentId: string) =>
    [...ledger.refunds.values()]
      .filter((refund) => refund.paymentId === paymentId && refund.status !== 'cancelled')
      .reduce((sum, refund) => sum + refund.amountPaise, 0);
  const take = (refund: NewGatewayRefund, status: GatewayRefund['status']) => {
    const known = ledger.refunds.get(refund.refundId);
    if (known === undefined) ledger.refunds.set(refund.refundId, { ...refund, status });
    else if (known.amountPaise !== refund.amountPaise || known.paymentId !== refund.paymentId)
      ledger.conflicts.push(refund.refundId);
    const given = givenOf(refund.paymentId);
    if (given > captured) ledger.excesses.push(`${given} of ${refund.paymentId} by ${refund.refundId}`);
    return { status: ledger.refunds.get(refund.refundId)?.status ?? 'pending' };
  };
  const gateway = {
    async createRefund(refund: NewGatewayRefund): Promise<GatewayRefund> {
      await pause();
      const answer = nextAnswer();
      if (answer === 'lostBefore') throw lost();
      if (answer === 'refused' && !ledger.refunds.has(refund.refundId))
        throw new GatewayError({ code: 'refused', message: 'Failed to refund: no.' });
      const made = take(refund, answer === 'settledAtOnce' ? 'success' : 'pending');
      await pause();
      if (answer === 'lostAfter') throw lost();
      return made;
    },
    async findRefund({ refundId }: { refundId: string }): Promise<GatewayRefund | null> {
      await pause();
      const found = ledger.refunds.get(refundId);
      const said = found === undefined ? null : { status: found.status };
      await pause();
      return said;
    },
  };
  return { ledger, gateway };
}
