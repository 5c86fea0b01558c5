import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { DemoOrder } from './place-demo-order.ts';
import { residentMb } from './resident-memory.ts';
import type { RunningParts } from './running-parts.ts';
import type { Shop } from './start-shop.ts';

/** Where everything is, for the person who has just started it; no secret in it, only where the secrets are. */
export function summariseShop(input: {
  shop: Shop;
  temporalUi: string;
  order: Pick<DemoOrder, 'orderId' | 'orderUrl'> | null;
}): string {
  const { shop, temporalUi, order } = input;
  const orderId = order?.orderId ?? null;
  const { apiUrl, env, simulator } = shop;
  const workflows = `${temporalUi}/namespaces/${env.TEMPORAL_NAMESPACE}/workflows`;
  const line = (label: string, text: string) => `  ${label.padEnd(18)}${text}`;
  return [
    '',
    line('Admin site', `${apiUrl}/admin`),
    ...howToSignIn(shop),
    line('API', apiUrl),
    line('Products', `${apiUrl}/api/products`),
    ...(order
      ? [
          line('The order', `${apiUrl}/admin/orders/${order.orderId}`),
          line("Customer's page", order.orderUrl),
        ]
      : []),
    line('Temporal Web UI', orderId ? `${workflows}/${orderWorkflowId(orderId)}` : workflows),
    ...(simulator
      ? [
          line('Mails', `${simulator.controlUrl}/mails`),
          line("Supplier's ledger", `${simulator.controlUrl}/ledger`),
        ]
      : []),
    '',
    `The API takes bearer tokens. The storefront's is ${placeOf(shop, 'storefrontToken', 'STOREFRONT_TOKEN')},`,
    `the admin's ${placeOf(shop, 'adminToken', 'ADMIN_TOKEN')}.`,
    `See ${orderId ? 'the order' : 'the products'}:`,
    `  curl -H "authorization: Bearer ${token(shop, 'storefrontToken', 'STOREFRONT_TOKEN')}" \\`,
    `    ${apiUrl}/api/${orderId ? `orders/${orderId}` : 'products'}`,
    ...howToOrder(shop),
    ...howToOperate(shop),
    '',
  ].join('\n');
}

function howToSignIn({ demoAdmin, secretsFile }: Shop): string[] {
  if (demoAdmin === null) return ['                    add yourself: npm run ops -- admin add NAME'];
  return [
    `                    sign in as "${demoAdmin}"; its password: "demoPassword" in ${secretsFile}, or`,
    `                    node -p 'require(${JSON.stringify(secretsFile)}).demoPassword'`,
  ];
}

function howToOrder(shop: Shop): string[] {
  const { apiUrl, simulator, isDemo } = shop;
  const body =
    '{"productId":"vps-103-181-91","ramGb":8,"os":"Ubuntu 22",' +
    '"customer":{"name":"Demo Customer","email":"customer@example.com","phone":"+919876543210"}}';
  const pay = isDemo && simulator ? `; then pay it at ${simulator.cashfreeUrl}/checkout/<sessionId>` : '';
  const catalogue = shop.given.SMARTVPS_BASE_URL
    ? [`Load your catalogue:\n  MONGODB_URI='<yours>' npm run ops -- products import FILE`]
    : [];
  return [
    ...catalogue,
    `Order one yourself${pay}:`,
    `  curl -H "authorization: Bearer ${token(shop, 'storefrontToken', 'STOREFRONT_TOKEN')}" -H 'content-type: application/json' \\`,
    `    -d '${body}' \\`,
    `    ${apiUrl}/api/checkout`,
  ];
}

/** The commands take from the environment where everything is; what somebody has set is in their shell already. */
function howToOperate({ env, given }: Shop): string[] {
  const settings = (['MONGODB_URI', 'TEMPORAL_ADDRESS'] as const)
    .filter((name) => !given[name])
    .map((name) => `${name}='${env[name]}' `);
  return [`The operator's commands:\n  ${settings.join('')}npm run ops -- orders list`];
}

function placeOf({ given, secretsFile }: Shop, name: string, variable: string): string {
  return given[variable] ? `the ${variable} that you set` : `"${name}" in ${secretsFile}`;
}

/** Shell that reads the token where it is, so that it is on no screen. */
function token({ given, secretsFile }: Shop, name: string, variable: string): string {
  if (given[variable]) return `$${variable}`;
  return `$(node -p 'require(${JSON.stringify(secretsFile)}).${name}')`;
}

/** What our own parts have in memory now; null where the system does not tell (no /proc). */
export function sayMemory(parts: RunningParts): string | null {
  const sizes = parts.all().map(({ name, process }) => ({ name, mb: residentMb({ guardPid: process.pid }) }));
  if (sizes.length === 0 || sizes.some(({ mb }) => mb === null)) return null;
  const total = sizes.reduce((sum, { mb }) => sum + (mb ?? 0), 0);
  return `Memory: ${sizes.map(({ name, mb }) => `${name} ${mb} MB`).join(' + ')} = ${total} MB resident`;
}
