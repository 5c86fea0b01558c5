import type { OpsPorts } from '../../src/ops/cli.ts';

const unexpected = (name: string) => async () => {
  throw new Error(`${name} was called`);
};

/** Verbs of which none must be called. */
export const noVerbs: Omit<OpsPorts, 'print' | 'printError'> = {
  importCatalogue: unexpected('importCatalogue'),
  listProductLines: unexpected('listProductLines'),
  setSale: unexpected('setSale'),
  setProduct: unexpected('setProduct'),
  importIpstocks: unexpected('importIpstocks'),
  importForeign: unexpected('importForeign'),
  listServers: unexpected('listServers'),
  listCases: unexpected('listCases'),
  strandServer: unexpected('strandServer'),
  assignServer: unexpected('assignServer'),
  resolveCase: unexpected('resolveCase'),
  resolveOrder: unexpected('resolveOrder'),
  listOrders: unexpected('listOrders'),
  reportOrder: unexpected('reportOrder'),
  findStuckOrders: unexpected('findStuckOrders'),
  allowReveal: unexpected('allowReveal'),
  listFailed: unexpected('listFailed'),
  retryOrder: unexpected('retryOrder'),
  cancelOrder: unexpected('cancelOrder'),
  compensateOrder: unexpected('compensateOrder'),
  listLocks: unexpected('listLocks'),
  showLock: unexpected('showLock'),
  steerLock: unexpected('steerLock'),
  listActs: unexpected('listActs'),
  listDiscounts: unexpected('listDiscounts'),
  findDiscount: unexpected('findDiscount'),
  createDiscount: unexpected('createDiscount'),
  disableDiscount: unexpected('disableDiscount'),
  listPayments: unexpected('listPayments'),
  retryReturn: unexpected('retryReturn'),
  returnedByHand: unexpected('returnedByHand'),
  addAdmin: unexpected('addAdmin'),
  removeAdmin: unexpected('removeAdmin'),
  listAdmins: unexpected('listAdmins'),
  reportIncident: unexpected('reportIncident'),
  examine: unexpected('examine'),
  shopTimeZone: () => 'UTC',
};
