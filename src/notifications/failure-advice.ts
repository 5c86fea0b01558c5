import type { FailureCode } from '../domain/order.ts';

/** What an admin can do about a failed order, one sentence or two per code; the runbook says more. */
export const failureAdvice: Readonly<Record<FailureCode, string>> = {
  atCapacity: 'The package is sold out at the supplier. Retry the order once there is stock again.',
  packageUnavailable:
    'The supplier does not list the package. Check its name and state there, then retry the order.',
  wrongPackage:
    'The customer has got nothing; the address is kept for this order and goes to nobody else. A retry buys once more from the ordered package.',
  purchaseRefused:
    "Nothing was sold. Put the supplier's reason right (often the balance), then retry the order.",
  purchaseUnknown:
    "Nobody knows yet whether a server was bought. Look at the supplier's panel; a retry settles this purchase first and never buys on top of it.",
  supplierUnreachable: 'Nothing was bought. Retry the order once the supplier answers again.',
  supplierRejectedCredentials:
    'Correct the login of the supplier in the environment, restart the worker, then retry the order.',
  credentialsLate:
    'The server is bought and right, but the supplier shows no login yet. A retry looks again; it does not buy.',
  duplicateServer:
    'The supplier sold an address that another order holds. Ask the supplier; nothing is delivered until the case is settled.',
  lockTimeout: 'The order waited too long for its turn. Look at the package lock, then retry the order.',
  paymentMismatch:
    "No server is bought. Compare the payment with the order in the gateway's dashboard; the right payment continues the order.",
  compensationBlocked: 'A remedy cannot go on by itself. Read its reason and finish it by hand.',
  internalError: 'This is an error of ours. Read the workflow history, then retry the order.',
};
