import type { GatewayName } from '../domain/order.ts';

/** The storefront's side of the API: what a shop's web site would call. */
export interface Storefront {
  checkout(order: {
    productId: string;
    ramGb: number;
    os: string;
    customer?: object;
    gateway?: GatewayName;
    discountCode?: string;
  }): Promise<CheckoutAnswer>;
  order(orderId: string): Promise<OrderAnswer>;
  /** The admin reads the supplier's stock now. */
  syncStock(): Promise<void>;
  retry(orderId: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
}

export interface CheckoutAnswer {
  status: number;
  body: { orderId: string; orderUrl: string; amountPaise: number; detail?: string } & Record<string, unknown>;
}

export interface OrderAnswer {
  orderId: string;
  status: string;
  statusText: string;
  failure?: { code: string; message: string };
  server?: { ip: string };
}

const demoCustomer = { name: 'Demo Customer', email: 'customer@example.com', phone: '+919876543210' };

/** Calls the API at `apiUrl` with the storefront's and the admin's token. */
export function createStorefront(input: {
  apiUrl: string;
  storefrontToken: string;
  adminToken: string;
}): Storefront {
  const { apiUrl, storefrontToken, adminToken } = input;
  const call = async (path: string, token: string, body?: object) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    checkout: async (order) =>
      (await call('/api/checkout', storefrontToken, { customer: demoCustomer, ...order })) as CheckoutAnswer,
    order: async (orderId) =>
      (await call(`/api/orders/${orderId}`, storefrontToken)).body as unknown as OrderAnswer,
    async syncStock() {
      const { status } = await call('/api/smartvps/sync', adminToken, {});
      if (status !== 200) throw new Error(`Failed to read the stock: HTTP ${status}.`);
    },
    retry: (orderId, body = {}) => call('/api/orders/provision', adminToken, { orderId, ...body }),
  };
}
