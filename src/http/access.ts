import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpDeps } from './ports.ts';
import { problem } from './problem.ts';
import type { Access, Reply } from './route.ts';
import { backTo } from './site/layout.ts';
import { loginFor } from './site/way-in.ts';

type Role = 'storefront' | 'admin';

/** What each access rule lets in; `public` and `gatewaySignature` ask for no token. */
const rolesOf: Readonly<Record<Access, readonly Role[] | null>> = {
  public: null,
  gatewaySignature: null,
  storefront: ['storefront', 'admin'],
  storefrontOrLink: ['storefront', 'admin'],
  admin: ['admin'],
  page: ['admin'],
  visitor: null,
};

/** The refusal of a request that its route does not let in; null where it may go on. */
export function findAccessProblem(input: {
  access: Access;
  authorization: string | undefined;
  tokens: HttpDeps['tokens'];
  /** Who is signed in; null where nobody is, or no session was asked for. */
  admin: string | null;
  /** True for the signed link to this very order. */
  isLinked: () => boolean;
  /** What was asked for, with its query. */
  url: string;
}): Reply | null {
  const roles = rolesOf[input.access];
  if (roles === null) return null;
  // A wrong token is refused, whatever the link is: what is shown depends on who asks.
  const mayByLink = input.access === 'storefrontOrLink' && !hasToken(input.authorization);
  if (mayByLink && input.isLinked()) return null;
  // A token is never taken for a page: its acts need the name of a person.
  if (input.access === 'page') return input.admin === null ? backTo(loginFor(input.url)) : null;
  const role = input.admin !== null ? 'admin' : findRole(input);
  if (role === null) {
    return problem({
      type: 'not-signed-in',
      detail: 'This route needs a valid token. Send the header "Authorization: Bearer <token>".',
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  if (roles.includes(role)) return null;
  return problem({ type: 'not-allowed', detail: `The ${role} token may not do this. Send the admin token.` });
}

/** True where a request says who it is by a token. */
export function hasToken(authorization: string | undefined): boolean {
  return authorization !== undefined && authorization !== '';
}

function findRole(input: { authorization: string | undefined; tokens: HttpDeps['tokens'] }): Role | null {
  const given = /^Bearer +(\S+) *$/i.exec(input.authorization ?? '')?.[1];
  if (given === undefined) return null;
  const isAdmin = isSameSecret(given, input.tokens.admin);
  const isStorefront = isSameSecret(given, input.tokens.storefront);
  if (isAdmin) return 'admin';
  return isStorefront ? 'storefront' : null;
}

/** Compares hashes, so that the time taken tells neither content nor length. */
function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
