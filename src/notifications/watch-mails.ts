import { orderStatuses } from '../domain/order.ts';
import type { ShopNotice } from '../domain/order-notice.ts';
import { statusWords } from '../domain/order-words.ts';
import { adminMail, ownerOf } from './admin-mail.ts';
import { type MailDraft, moment, type Written } from './mail-draft.ts';

type Told<Kind extends ShopNotice['kind']> = Written<Extract<ShopNotice, { kind: Kind }>>;

/** An order's workflow was gone again and again. */
export function restartedMail(told: Told<'orderRestarted'>): MailDraft {
  const { orderId, times, why } = told.notice;
  return adminMail({
    settings: told.settings,
    workflowId: ownerOf(told),
    subject: `Order ${orderId} was started again ${times} times`,
    paragraphs: [
      `The workflow of order ${orderId} was gone (${why}) and was started again. It continues by what was recorded; nothing is bought twice.`,
      'Once is an accident: find out what or who ends it.',
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Times', value: String(times) },
      { label: 'Found', value: why },
    ],
  });
}

/** A workflow cannot go on with the code that runs. */
export function tasksFailingMail({ notice, settings }: Told<'tasksFailing'>): MailDraft {
  const { workflowId, attempts, failure } = notice;
  return adminMail({
    settings,
    workflowId,
    subject: `Workflow ${workflowId} cannot go on: its tasks fail`,
    paragraphs: [
      `The workflow ${workflowId} has failed the same task ${attempts} times. Nothing is lost, but it stands still.`,
    ],
    facts: [
      { label: 'Workflow', value: workflowId },
      { label: 'Attempts', value: String(attempts) },
      { label: 'Failure', value: failure },
    ],
    closing: [
      'What you can do: start the workers with the version before. It goes on by itself then; do not terminate it.',
    ],
  });
}

/** An order stays in a status longer than anything allows. */
export function pastBoundMail(told: Told<'orderPastBound'>): MailDraft {
  const { notice, settings } = told;
  const { orderId, status, since } = notice;
  const known = orderStatuses.find((one) => one === status);
  const words = known ? statusWords[known] : status;
  return adminMail({
    settings,
    workflowId: ownerOf(told),
    subject: `Order ${orderId} is past its bound: ${words}`,
    paragraphs: [
      `Order ${orderId} has been "${words}" since ${moment(since, settings)}, longer than its limits allow. That is an error of ours.`,
    ],
    facts: [
      { label: 'Order', value: orderId },
      { label: 'Status', value: status },
      { label: 'Since', value: moment(since, settings) },
    ],
    closing: [
      'What you can do: check that workers run and that the workflow\'s tasks do not fail, then send the signal "retryOrder".',
    ],
  });
}

/** Nothing is granted for a package. */
export function lockPausedMail({ notice, settings }: Told<'lockPaused'>): MailDraft {
  const { lockId, reason, by, until } = notice;
  return adminMail({
    settings,
    workflowId: lockId,
    subject: `Paused: ${lockId}`,
    paragraphs: [
      'Nothing is bought of this package meanwhile; its orders wait in the queue, and the time does not count against their limit.',
    ],
    facts: [
      { label: 'Lock', value: lockId },
      { label: 'Why', value: reason },
      { label: 'By', value: by },
      { label: 'Until', value: until === null ? 'somebody resumes it' : moment(until, settings) },
    ],
    closing: [
      'To open it: send the signal "resumeLock" on its page, without input or with {"by": "your name"}.',
    ],
  });
}

/** A lock was lost, or had lost waiters; who waits was put back into its queue. */
export function lockBrokenMail({ notice, settings }: Told<'lockBroken'>): MailDraft {
  const { lockId, why, waiters } = notice;
  const orders = waiters === 1 ? '1 order asks' : `${waiters} orders ask`;
  return adminMail({
    settings,
    workflowId: lockId,
    subject: `The queue of ${lockId} was lost and is made anew`,
    paragraphs: [
      `The lock ${lockId} ${why}. ${orders} for it again, by time of payment. Nothing is bought twice.`,
    ],
    facts: [
      { label: 'Lock', value: lockId },
      { label: 'Waiting', value: String(waiters) },
    ],
    closing: ['A pause that somebody had set is lost with it: pause the package again where it is needed.'],
  });
}
