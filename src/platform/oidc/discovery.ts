const ANSWER_LIMIT_MS = 3_000;

/** What an OpenID Connect issuer says of itself (OpenID Connect Discovery 1.0). Throws when it can't be asked, or is another one. */
export async function discover(issuer: string): Promise<Record<string, unknown>> {
  const about = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (about['issuer'] !== issuer) throw new Error('it calls itself by another name than OIDC_ISSUER');
  return about;
}

export async function fetchJson(url: string): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const response = await fetch(url, { redirect: 'error', signal, headers: { accept: 'application/json' } });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  const body: unknown = await response.json();
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Error(`${url} answered no JSON object`);
}
