import type { Response } from 'express';
import type { FaultPlan } from './faults.ts';
import type { PurchaseAnswer } from './ledger.ts';
import type { World } from './world.ts';

const RAW_KEPT = 2000;
// Above the body limit of any sane client.
const HUGE_BYTES = 4_000_000;

/** What a supplier or gateway says when nothing disturbs it. */
export interface Reply {
  status: number;
  contentType: string;
  body: string;
}

export interface AnswerRecord {
  answer: Exclude<PurchaseAnswer, 'pending' | 'error' | 'twoAddresses'>;
  raw: string | null;
  /** When the last bytes were handed over, and its place in the order of events; null where the client got no whole answer. */
  answered: { at: string; sequence: number } | null;
  closedEarlyByClient: boolean;
}

/**
 * Answers one call under its faults: those before the call, the call itself, those of its answer. `perform` runs at
 * most once; a client that goes away does not stop it, as at the real suppliers.
 */
export async function answerCall(input: {
  world: World;
  res: Response;
  plan: FaultPlan;
  perform: () => Promise<Reply>;
}): Promise<AnswerRecord> {
  const { world, res, plan, perform } = input;
  const onEnd = () => res.destroy();
  world.signal.addEventListener('abort', onEnd, { once: true });
  try {
    return (
      (await answerBefore({ world, res, plan })) ??
      (await answerAfter({ world, res, plan, reply: await perform() }))
    );
  } catch (error) {
    res.destroy();
    if (!world.signal.aborted) throw error;
    return unanswered('interrupted');
  } finally {
    plan.end();
    world.signal.removeEventListener('abort', onEnd);
  }
}

async function answerBefore({ world, res, plan }: { world: World; res: Response; plan: FaultPlan }) {
  if (plan.take('dropBefore')) {
    res.socket?.resetAndDestroy();
    return unanswered('droppedBefore');
  }
  const delay = plan.take('delay', (action) => action.afterSale !== true);
  if (delay) await world.sleep(delay.ms);
  const status = plan.take('status', (action) => action.afterSale !== true);
  if (status) return finish({ world, res, answer: 'status', reply: statusReply(status.status) });
  const redirect = plan.take('redirect');
  if (!redirect) return undefined;
  res.setHeader('location', redirect.location ?? '/elsewhere');
  return finish({ world, res, answer: 'redirect', reply: { ...statusReply(307), body: '' } });
}

async function answerAfter(input: { world: World; res: Response; plan: FaultPlan; reply: Reply }) {
  const { world, res, plan, reply } = input;
  const delay = plan.take('delay');
  if (delay) await world.sleep(delay.ms);
  if (plan.take('answerLost')) {
    res.destroy();
    return unanswered('lost');
  }
  if (plan.take('neverAnswer')) {
    await closed(res);
    return { ...unanswered('neverAnswered'), closedEarlyByClient: !world.signal.aborted };
  }
  const status = plan.take('status');
  if (status) return finish({ world, res, answer: 'status', reply: statusReply(status.status) });
  const garbage = plan.take('garbage');
  if (garbage) {
    return finish({
      world,
      res,
      answer: 'garbage',
      reply: { ...reply, body: garbage.text ?? randomText(world) },
    });
  }
  const huge = plan.take('hugeBody');
  if (huge) {
    const body = 'x'.repeat(huge.bytes ?? HUGE_BYTES);
    return finish({ world, res, answer: 'hugeBody', reply: { ...reply, body } });
  }
  const drip = plan.take('slowDrip');
  return finish({ world, res, answer: 'success', reply, dripMs: drip?.ms ?? 0 });
}

async function finish(input: {
  world: World;
  res: Response;
  reply: Reply;
  answer: AnswerRecord['answer'];
  dripMs?: number;
}): Promise<AnswerRecord> {
  const { world, res, reply, answer, dripMs = 0 } = input;
  const bytes = Buffer.from(reply.body);
  if (!res.closed) res.status(reply.status).setHeader('content-type', reply.contentType);
  for (let index = 0; dripMs > 0 && index < bytes.length - 1 && !res.closed; index += 1) {
    res.write(bytes.subarray(index, index + 1));
    await world.sleep(dripMs / bytes.length);
  }
  // Noted before the last byte leaves: a client could call again before this side hears that it arrived.
  const answered = { at: new Date().toISOString(), sequence: world.nextSequence() };
  if (!res.closed) res.end(dripMs > 0 ? bytes.subarray(-1) : bytes);
  await closed(res);
  const whole = res.writableFinished;
  return {
    answer,
    raw: reply.body.slice(0, RAW_KEPT),
    answered: whole ? answered : null,
    closedEarlyByClient: !whole,
  };
}

function unanswered(answer: AnswerRecord['answer']): AnswerRecord {
  return { answer, raw: null, answered: null, closedEarlyByClient: false };
}

function closed(res: Response): Promise<void> {
  if (res.closed) return Promise.resolve();
  return new Promise((resolve) => {
    res.once('close', () => resolve());
  });
}

function statusReply(status: number): Reply {
  return {
    status,
    contentType: 'text/html; charset=UTF-8',
    body: `<html><body><h1>${status}</h1></body></html>`,
  };
}

function randomText(world: World): string {
  return Array.from({ length: 64 }, () => String.fromCharCode(32 + Math.floor(world.random() * 200))).join(
    '',
  );
}
