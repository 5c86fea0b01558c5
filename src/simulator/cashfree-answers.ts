import type { Reply } from './answer-call.ts';
import type { FaultPlan } from './faults.ts';
import type { World } from './world.ts';

export interface Call {
  world: World;
  plan: FaultPlan;
  body: Record<string, unknown>;
  orderId: string;
  refundId: string;
}

export interface Answer {
  status: number;
  json: unknown;
}

export function unknownOrder(): Answer {
  return failure({ status: 404, message: 'Order Reference Id does not exist', code: 'order_not_found' });
}

export function invalid(field: string): Answer {
  return failure({ status: 400, message: `${field} : invalid value provided`, code: `${field}_invalid` });
}

export function failure(input: { status: number; message: string; code?: string; type?: string }): Answer {
  const { status, message, code = 'request_failed', type = 'invalid_request_error' } = input;
  return { status, json: { message, code, type } };
}

export function jsonReply({ status, json }: Answer): Reply {
  return { status, contentType: 'application/json', body: JSON.stringify(json) };
}

export function findObject(raw: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? recordOf(value) : undefined;
  } catch {
    return undefined;
  }
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
