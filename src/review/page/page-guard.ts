/** Who may come in, and what a browser may do with the page. */
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { readToken, TOKEN_DAYS } from './reviewer-token.js';

export interface PageVariables {
  Variables: { reviewer: string };
}

/** No script, style or connection but the page's own; none of it in a frame; no address told to others. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
} as const;

export function securityHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
    // What says nothing else holds texts, or names of people.
    if (!context.res.headers.has('Cache-Control')) context.res.headers.set('Cache-Control', 'no-store');
  };
}

/** Lets whoever has a good token in, by cookie or by the header "Authorization: Bearer". */
export function onlyReviewers(options: {
  secret: string;
  now: () => Date;
  refuse: (context: Context) => Response | Promise<Response>;
}): MiddlewareHandler<PageVariables> {
  const { now, refuse, secret } = options;
  return async (context, next) => {
    const bearer = /^Bearer (\S+)$/.exec(context.req.header('Authorization') ?? '')?.[1];
    const token = bearer ?? getCookie(context, cookieName(context));
    const reviewer = token === undefined ? null : readToken(token, secret, now());
    if (reviewer === null) return refuse(context);
    context.set('reviewer', reviewer);
    return next();
  };
}

/** Lax, not Strict: else a link in a mail would lead to a page that does not know the reviewer. Writes are checked by their
 *  origin besides. */
export function keepToken(context: Context, token: string): void {
  const maxAge = TOKEN_DAYS * 86_400;
  setCookie(context, cookieName(context), token, { httpOnly: true, sameSite: 'Lax', path: '/', maxAge });
}

/** Browsers name the origin of each write; one of another site is refused, and so is what a form could send. */
export function onlyOwnWrites(): MiddlewareHandler {
  return async (context, next) => {
    const { req } = context;
    if (['GET', 'HEAD'].includes(req.method)) return next();
    const origin = req.header('Origin');
    const own =
      origin === undefined ? req.header('Authorization') !== undefined : hostOf(origin) === req.header('Host');
    const site = req.header('Sec-Fetch-Site') ?? 'same-origin';
    const json = req.header('Content-Type')?.split(';')[0]?.trim() === 'application/json';
    if (own && site === 'same-origin' && json) return next();
    return context.json({ problem: 'this request did not come from the review page' }, 403);
  };
}

/** Cookies know no ports: two servers on one machine keep theirs apart by name. */
function cookieName(context: Context): string {
  const port = /:(\d+)$/.exec(context.req.header('Host') ?? '')?.[1] ?? '';
  return `tutelage-review${port}`;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
