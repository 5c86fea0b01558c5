import type { Route } from '../route.ts';
import { showStylesheet } from './layout.ts';
import { showLocks, steerFromPage } from './locks-page.ts';
import { goHome, logIn, logOut, showLogin } from './login-page.ts';
import {
  assignFromPage,
  cancelFromPage,
  compensateFromPage,
  resolveFromPage,
  retryFromPage,
  showCustomer,
  showLoginOfServer,
} from './order-acts.ts';
import { showOrderPage } from './order-page.ts';
import { retryOrders, searchByEmail, showOrders } from './orders-page.ts';
import { placeFromPage, showServers } from './servers-page.ts';
import { setSaleFromPage, showStock, syncFromPage } from './stock-page.ts';

type Handle = Route['handle'];

const shown = (path: string, handle: Handle): Route => {
  return { method: 'GET', path, access: 'page', body: 'none', handle };
};
const sent = (path: string, handle: Handle): Route => {
  return { method: 'POST', path, access: 'page', body: 'form', handle };
};

/** The pages of the admin site; each is for admins who are signed in, but for the way in. */
export const siteRoutes: readonly Route[] = [
  { method: 'GET', path: '/admin/site.css', access: 'public', body: 'none', handle: showStylesheet },
  { method: 'GET', path: '/admin/login', access: 'visitor', body: 'none', handle: showLogin },
  { method: 'POST', path: '/admin/login', access: 'visitor', body: 'form', handle: logIn },
  sent('/admin/logout', logOut),
  shown('/admin', goHome),
  shown('/admin/manageOrders', showOrders),
  sent('/admin/manageOrders/search', searchByEmail),
  sent('/admin/manageOrders/retry', retryOrders),
  shown('/admin/orders/:id', showOrderPage),
  sent('/admin/orders/:id/retry', retryFromPage),
  sent('/admin/orders/:id/cancel', cancelFromPage),
  sent('/admin/orders/:id/compensate', compensateFromPage),
  sent('/admin/orders/:id/resolve', resolveFromPage),
  sent('/admin/orders/:id/assign', assignFromPage),
  sent('/admin/orders/:id/customer', showCustomer),
  sent('/admin/orders/:id/login', showLoginOfServer),
  shown('/admin/ipStock', showStock),
  sent('/admin/ipStock/sync', syncFromPage),
  sent('/admin/ipStock/sale', setSaleFromPage),
  shown('/admin/locks', showLocks),
  sent('/admin/locks', steerFromPage),
  shown('/admin/servers', showServers),
  sent('/admin/servers', placeFromPage),
];
