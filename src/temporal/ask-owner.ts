import type { Client } from '@temporalio/client';
import type { Collections } from '../database.ts';
import { assertNever } from '../domain/assert-never.ts';
import { type OrderActResult, type OrderWish, type RecordAct, recordOrderAct } from './order-act.ts';
import { type TellInput, tellOwner } from './tell-owner.ts';

/**
 * Tells the owner of an order what a person wants and gives its answer; a refused update leaves no trace in the
 * workflow, so it is recorded here. `ended`: nobody is responsible any more, the document has to say why.
 */
export async function askOwner(
  deps: { client: Client; db: Pick<Collections, 'orders'>; recordAct: RecordAct },
  input: TellInput & { act: string; wish: OrderWish },
): Promise<OrderActResult | { kind: 'ended' }> {
  const { order, act, wish } = input;
  const told = await tellOwner(deps, input);
  const { _id: orderId, status: orderStatus } = order;
  switch (told.kind) {
    case 'answered':
      return { kind: 'accepted', orderId, ...told.accepted };
    case 'refused': {
      const { sentence: answer } = told.refusal;
      await recordOrderAct(deps, { act, wish, accepted: false, answer });
      return { kind: 'refused', ...told.refusal };
    }
    case 'kept':
      return { kind: 'accepted', orderId, orderStatus, next: told.next };
    case 'ended':
      return told;
    default:
      return assertNever(told);
  }
}
