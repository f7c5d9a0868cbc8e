import type { SignInMethods } from '../api/additions';
import { signInMethods } from '../api/queries';
import { signIn } from './session';

/** Sign-in at a provider by the code flow with PKCE (RFC 7636): no secret is in the page, and the code alone is worth nothing. */
const STORED_AS = 'carillon.oidc';

interface Pending {
  readonly verifier: string;
  readonly state: string;
  readonly returnTo: string;
}

type Provider = NonNullable<SignInMethods['oidc']>;

export async function goToProvider(provider: Provider): Promise<void> {
  const pending: Pending = {
    verifier: randomText(),
    state: randomText(),
    returnTo: location.pathname + location.search,
  };
  sessionStorage.setItem(STORED_AS, JSON.stringify(pending));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier));
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: redirectUri(),
    scope: typeof provider.scopes === 'string' ? provider.scopes : provider.scopes.join(' '),
    state: pending.state,
    code_challenge: base64Url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
    // Providers of several audiences give an access token for one only when it is asked for.
    ...(provider.bearer === 'access' && { audience: provider.audience }),
  });
  const address = new URL(provider.authorizationEndpoint);
  query.forEach((value, name) => address.searchParams.set(name, value));
  location.assign(address);
}

/** Takes the provider's answer out of the address and signs in by it. Answers what went wrong, null when nothing did. */
export async function returnFromProvider(): Promise<string | null> {
  const answer = new URLSearchParams(location.search);
  const pending = JSON.parse(sessionStorage.getItem(STORED_AS) ?? 'null') as Pending | null;
  sessionStorage.removeItem(STORED_AS);
  history.replaceState(null, '', pending?.returnTo ?? '/ui/');
  if (answer.has('error'))
    return `The provider refused: ${answer.get('error_description') ?? answer.get('error') ?? ''}`;
  if (pending === null || answer.get('state') !== pending.state)
    return 'This answer belongs to no sign-in of this tab. Start again.';
  try {
    const { oidc } = await signInMethods();
    if (oidc === null) return 'This service knows no provider.';
    const response = await fetch(oidc.tokenEndpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: redirectUri(),
        client_id: oidc.clientId,
        code_verifier: pending.verifier,
      }),
    });
    const token = (await response.json()) as { access_token?: string; id_token?: string; error_description?: string };
    const key = oidc.bearer === 'id' ? token.id_token : token.access_token;
    if (key === undefined) return `The provider gave no token: ${token.error_description ?? response.status}`;
    signIn({ key });
    return null;
  } catch {
    return 'The provider could not be reached. Try again, or sign in with a key.';
  }
}

function redirectUri(): string {
  return `${location.origin}/ui/sign-in`;
}

function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
