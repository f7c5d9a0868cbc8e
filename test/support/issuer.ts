import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

/** A little OpenID Connect issuer on loopback: discovery, keys, tokens. */
export interface Issuer {
  readonly url: string;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** How it answers; `hang` takes requests and says nothing. */
  mode: 'well' | 'error' | 'hang' | 'rubbish' | 'other name';
  /** Signs from now on with a new key; `published` says whether it is among the keys. */
  rotate(published?: boolean): Promise<void>;
  /** The keys as they are published. */
  readonly jwks: JWK[];
  token(claims?: JWTPayload, signer?: PrivateKey): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(alg = 'ES256'): Promise<Issuer> {
  const asked: string[] = [];
  const jwks: JWK[] = [];
  let current: { kid: string; key: PrivateKey };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (issuer.mode === 'hang') return;
    if (issuer.mode === 'error') return void response.writeHead(500).end();
    if (issuer.mode === 'rubbish') return send(response, 'rubbish');
    if (request.url === '/keys') return send(response, JSON.stringify({ keys: jwks }));
    const name = issuer.mode === 'other name' ? 'https://example.com' : issuer.url;
    const endpoints = { authorization_endpoint: `${issuer.url}/authorize`, token_endpoint: `${issuer.url}/token` };
    send(response, JSON.stringify({ issuer: name, jwks_uri: `${issuer.url}/keys`, ...endpoints }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = {
    ...{ url, asked, jwks, mode: 'well' },
    async rotate(published = true) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      current = { kid: `key-${jwks.length + 1}`, key: privateKey };
      if (published) jwks.push({ ...(await exportJWK(publicKey)), kid: current.kid, alg, use: 'sig' });
    },
    token(claims = {}, signer = current.key) {
      const now = Math.floor(Date.now() / 1_000);
      const payload = { iss: url, sub: 'someone', iat: now, exp: now + 300, ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg, kid: current.kid }).sign(signer);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  await issuer.rotate();
  return issuer;
}

function send(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}
