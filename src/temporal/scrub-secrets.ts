/** Masks what looks like a secret. Pure: the failure converter takes it into the workflow sandbox. */

/** Patterns and what stands in their place. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // https://user:password@host
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi, '$1***@'],
  // ?api_key=..., &access_token=..., and the like
  [/([?&][\w.-]*(?:key|token|secret|password|signature|credential)[\w.-]*=)[^\s&#"'<>]+/gi, '$1***'],
  [/\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi, '$1***'],
  [/\b(hf_|sk-)[\w-]{8,}/g, '$1***'],
];

/** Masks credentials in URLs, keys in queries, bearer tokens and API keys. */
export function scrubSecrets(text: string): string {
  return SECRETS.reduce((scrubbed, [pattern, mask]) => scrubbed.replace(pattern, mask), text);
}
