import type { Gate, Phase } from './gate.ts';
import type { GrpcCall } from './grpc-wire.ts';
import type { HttpCall } from './http-wire.ts';
import type { MongoStatement } from './mongo-wire.ts';

type Wires = {
  database: { gates: { arm(input: ArmInput<MongoStatement>): Gate } };
  supplier: { gates: { arm(input: ArmInput<HttpCall>): Gate } };
  temporal: { gates: { arm(input: ArmInput<GrpcCall>): Gate } };
};
type ArmInput<Message> = { phase: Phase; matches: (message: Message) => boolean };

/** What the messages of one order name it by. Without an order yet, the checkout is known by product and key. */
export interface OrderNames {
  orderId: string;
  purchaseId: string;
  packageName: string;
  productId: string;
  idempotencyKey: string;
}

/** A step of an order that one message makes: the border that a process can die on, either side of it. */
export interface Border {
  name: string;
  by: 'api' | 'worker';
  wire: keyof Wires;
  /** Crossed by the checkout; all others are crossed once the order is paid. */
  inCheckout: boolean;
  arm(wires: Wires, input: { names: OrderNames; phase: Phase }): Gate;
}

type Matcher<Message> = (message: Message, names: OrderNames) => boolean;
type Options = { by?: Border['by']; inCheckout?: boolean };

function borderOf<W extends keyof Wires, Message>(
  wire: W,
  name: string,
  matches: Matcher<Message>,
  { by = 'worker', inCheckout = false }: Options,
): Border {
  return {
    name,
    by,
    wire,
    inCheckout,
    arm(wires, { names, phase }) {
      const { gates } = wires[wire] as { gates: { arm(input: ArmInput<Message>): Gate } };
      return gates.arm({ phase, matches: (message) => matches(message, names) });
    },
  };
}

function inserted(
  collection: string,
  fits: Matcher<Readonly<Record<string, unknown>>>,
): Matcher<MongoStatement> {
  return (message, names) =>
    message.kind === 'insert' && message.collection === collection && fits(message.document, names);
}

type Update = Extract<MongoStatement, { kind: 'update' }>;

function updated(collection: string, fits: Matcher<Update>): Matcher<MongoStatement> {
  return (message, names) =>
    message.kind === 'update' && message.collection === collection && fits(message, names);
}

function orderUpdated(fits: (set: Update['set']) => boolean): Matcher<MongoStatement> {
  return updated('orders', ({ filter, set }, { orderId }) => filter._id === orderId && fits(set));
}

function purchaseUpdated(fits: (set: Update['set']) => boolean): Matcher<MongoStatement> {
  return updated('purchases', ({ filter, set }, { purchaseId }) => filter._id === purchaseId && fits(set));
}

const statusWritten = (status: string) => orderUpdated((set) => set.status === status);
const goodsMoved = (state: string) =>
  orderUpdated(({ goods }) => (goods as { state?: string } | undefined)?.state === state);
const purchaseMoved = (state: string) => purchaseUpdated((set) => set.state === state);
const fenceOf = (filter: Update['filter'], { packageName }: OrderNames) =>
  filter._id === `smartvps:${packageName}`;

function asks(call: string, { path, body }: HttpCall, packageName: string, separator: string): boolean {
  return path.endsWith(`/${call}`) && body.includes(`"ip":"${packageName}${separator}`);
}

function signalled(name: string, workflowId: string, { name: called, body }: GrpcCall): boolean {
  return called === name && body.includes(workflowId);
}

const database = (name: string, matches: Matcher<MongoStatement>, options: Options = {}) =>
  borderOf('database', name, matches, options);
const supplier = (name: string, matches: Matcher<HttpCall>, options: Options = {}) =>
  borderOf('supplier', name, matches, options);
const temporal = (name: string, matches: Matcher<GrpcCall>, options: Options = {}) =>
  borderOf('temporal', name, matches, options);

const atCheckout = { by: 'api', inCheckout: true } as const;

/** What the API does for an order, in the order of its life. */
export const checkoutBorders: readonly Border[] = [
  database(
    'checkout key claimed',
    inserted('idempotencyKeys', (key, names) => key._id === names.idempotencyKey),
    atCheckout,
  ),
  database(
    'order stored at checkout',
    inserted('orders', (order, names) => order.productId === names.productId),
    atCheckout,
  ),
  supplier(
    'payment opened at the gateway',
    // The gateway's customer is the order; what it has of the case is the e-mail address.
    ({ method, path, body }, { productId }) =>
      method === 'POST' && path.endsWith('/pg/orders') && body.includes(`${productId}@example.com`),
    atCheckout,
  ),
  { ...database('payment session stored', () => false, atCheckout), arm: armSessionStored },
];

/** Nobody knows the order's id before its checkout: it is read off the message that stores the order. */
function armSessionStored(wires: Wires, input: { names: OrderNames; phase: Phase }): Gate {
  let orderId: unknown;
  return wires.database.gates.arm({
    phase: input.phase,
    matches(message) {
      if (inserted('orders', (order) => order.productId === input.names.productId)(message, input.names)) {
        orderId = message.kind === 'insert' ? message.document._id : undefined;
      }
      if (message.kind !== 'update' || message.filter._id !== orderId) return false;
      return message.collection === 'orders' && message.set.paymentSessionId !== undefined;
    },
  });
}

export const webhookBorder = temporal(
  'webhook accepted',
  (call, { orderId }) =>
    signalled('SignalWithStartWorkflowExecution', `order-${orderId}`, call) &&
    call.body.includes('paymentReceived'),
  { by: 'api' },
);

export const saleBorder = supplier('sale', (call, { packageName }) => asks('buyvps', call, packageName, '"'));

/** What the worker does for an order, in the order of its life. */
export const provisioningBorders: readonly Border[] = [
  database(
    'payment recorded',
    inserted('payments', (payment, names) => payment.orderId === names.orderId),
  ),
  database(
    'money kept',
    orderUpdated((set) => set.money === 'kept'),
  ),
  database(
    'ownership taken',
    orderUpdated((set) => set.owner !== undefined),
  ),
  database('queued written', statusWritten('queued')),
  temporal(
    'lock requested',
    (call, { packageName, purchaseId }) =>
      signalled('SignalWithStartWorkflowExecution', `package-lock-smartvps-${packageName}`, call) &&
      call.body.includes(purchaseId),
  ),
  database('provisioning written', statusWritten('provisioning')),
  database(
    'stock stored',
    updated('packages', ({ filter, set }, names) => fenceOf(filter, names) && set.counts !== undefined),
  ),
  database('goods taken', goodsMoved('buying')),
  database(
    'intent written',
    inserted('purchases', (row, { purchaseId }) => row._id === purchaseId),
  ),
  database(
    'fence taken',
    updated(
      'openPurchases',
      ({ filter, set }, names) => fenceOf(filter, names) && set.purchaseId === names.purchaseId,
    ),
  ),
  database('sent written', purchaseMoved('sent')),
  saleBorder,
  database(
    'reply stored',
    purchaseUpdated((set) => set.reply !== undefined && set.reply !== null),
  ),
  database(
    'tenancy written',
    inserted(
      'servers',
      ({ tenancy }, { purchaseId }) => (tenancy as { purchaseId?: string }).purchaseId === purchaseId,
    ),
  ),
  database('bought written', purchaseMoved('bought')),
  database(
    'fence freed',
    updated('openPurchases', ({ filter, set }, names) => fenceOf(filter, names) && set.purchaseId === null),
  ),
  database(
    'address verified',
    (message, { packageName }) =>
      message.kind === 'find' &&
      message.collection === 'servers' &&
      String(message.filter._id).startsWith(`smartvps:${packageName}.`),
  ),
  temporal(
    'lock released',
    (call, { packageName, purchaseId }) =>
      signalled('SignalWorkflowExecution', `package-lock-smartvps-${packageName}`, call) &&
      call.body.includes(purchaseId),
  ),
  database('preparing written', statusWritten('preparing')),
  supplier('login asked for', (call, { packageName }) => asks('status', call, packageName, '.')),
  database(
    'login sealed',
    inserted('credentials', (login, { purchaseId }) => login._id === purchaseId),
  ),
  database('goods delivered', goodsMoved('delivered')),
  database(
    'tenancy delivered',
    updated(
      'servers',
      ({ filter, set }, { purchaseId }) =>
        filter['tenancy.purchaseId'] === purchaseId && set['tenancy.state'] === 'delivered',
    ),
  ),
  database(
    'mail claimed',
    inserted('notifications', (mail, names) => isLoginMail(mail._id, names)),
  ),
  database(
    'mail sent',
    updated('notifications', ({ filter }, names) => isLoginMail(filter._id, names)),
  ),
  database('active written', statusWritten('active')),
];

function isLoginMail(id: unknown, { orderId }: OrderNames): boolean {
  return String(id).startsWith(`${orderId}:credentials:`);
}
