/** A reviewer's signed token: a name and a date, so that whoever has the link decides under that name. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { GateDecision } from '../../contracts/index.js';

const Claims = z.object({ reviewer: GateDecision.shape.reviewer, until: z.number() });

export const TOKEN_DAYS = 30;

/** Good for TOKEN_DAYS. The name as it is read back: without space around it. */
export function signToken(reviewer: string, secret: string, now: Date): string {
  const until = now.getTime() + TOKEN_DAYS * 86_400_000;
  const payload = Buffer.from(JSON.stringify(Claims.parse({ reviewer, until }))).toString('base64url');
  return `${payload}.${signature(payload, secret)}`;
}

/** The reviewer; null: the token is none of this secret's, was changed, or is too old. */
export function readToken(token: string, secret: string, now: Date): string | null {
  const [payload = '', signed = '', ...more] = token.split('.');
  const [given, right] = [Buffer.from(signed), Buffer.from(signature(payload, secret))];
  if (more.length > 0 || given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const claims = Claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  return claims.success && claims.data.until > now.getTime() ? claims.data.reviewer : null;
}

function signature(payload: string, secret: string): string {
  return createHmac('sha256', secret).update(`tutelage review ${payload}`).digest('base64url');
}
