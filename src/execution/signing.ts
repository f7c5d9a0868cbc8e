import { createHmac } from 'node:crypto';

/** What a secret of Standard Webhooks starts with; base64 of the key follows. */
export const SECRET_PREFIX = 'whsec_';

/**
 * The header `webhook-signature` (https://www.standardwebhooks.com): one signature for each secret, so that a receiver that knows
 * any of them is content. `body` is exactly what is sent; `sentAtSeconds` is in the header `webhook-timestamp`.
 */
export function signatures(secrets: readonly string[], id: string, sentAtSeconds: number, body: string | null): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
      return `v1,${createHmac('sha256', key)
        .update(`${id}.${sentAtSeconds}.${body ?? ''}`, 'utf8')
        .digest('base64')}`;
    })
    .join(' ');
}
