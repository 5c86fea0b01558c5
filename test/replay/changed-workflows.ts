import { sleep } from '@temporalio/workflow';
import * as workflows from '../../workflows/index.ts';

// The workflows of the service with one thing done before everything else: a change that no history survives.

export async function provisionOrder(...args: Parameters<typeof workflows.provisionOrder>) {
  await sleep('1s');
  return workflows.provisionOrder(...args);
}

export async function packageLock(...args: Parameters<typeof workflows.packageLock>) {
  await sleep('1s');
  return workflows.packageLock(...args);
}

export async function settlePayment(...args: Parameters<typeof workflows.settlePayment>) {
  await sleep('1s');
  return workflows.settlePayment(...args);
}

export async function resolveCase(...args: Parameters<typeof workflows.resolveCase>) {
  await sleep('1s');
  return workflows.resolveCase(...args);
}

export async function strandServer(...args: Parameters<typeof workflows.strandServer>) {
  await sleep('1s');
  return workflows.strandServer(...args);
}

export async function compensateOrder(...args: Parameters<typeof workflows.compensateOrder>) {
  await sleep('1s');
  return workflows.compensateOrder(...args);
}

export async function watchOrders(...args: Parameters<typeof workflows.watchOrders>) {
  await sleep('1s');
  return workflows.watchOrders(...args);
}

export async function monitorStock(...args: Parameters<typeof workflows.monitorStock>) {
  await sleep('1s');
  return workflows.monitorStock(...args);
}

export async function reportLowStock(...args: Parameters<typeof workflows.reportLowStock>) {
  await sleep('1s');
  return workflows.reportLowStock(...args);
}

export async function askGateways(...args: Parameters<typeof workflows.askGateways>) {
  await sleep('1s');
  return workflows.askGateways(...args);
}

export async function returnPayment(...args: Parameters<typeof workflows.returnPayment>) {
  await sleep('1s');
  return workflows.returnPayment(...args);
}
