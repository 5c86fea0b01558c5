/** Where the site begins. */
export const home = '/admin/manageOrders';

const pages = /^\/admin\/(?:manageOrders|ipStock|locks|servers|orders\/[A-Za-z0-9-]{3,40})(?:\?[^\s\\]*)?$/;

/** The page to show after the login: one of ours, whatever the address says. */
export function pageAfterLogin(given: string | undefined): string {
  return given !== undefined && pages.test(given) ? given : home;
}

/** The way in that leads on to what was asked for. */
export function loginFor(url: string): string {
  const to = pageAfterLogin(url);
  return to === home ? '/admin/login' : `/admin/login?to=${encodeURIComponent(to)}`;
}

/** The page that has the form which was sent to `path`. */
export function pageOfForm(path: string): string {
  return pageAfterLogin(/^\/admin\/(?:orders\/)?[^/]+/.exec(path)?.[0]);
}
