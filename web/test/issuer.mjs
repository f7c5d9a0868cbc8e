// An OpenID Connect issuer on loopback that lets everyone in, by the code flow with PKCE.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** `claims`: what its tokens say beside issuer and times. `refuse` makes it send people back with an error. */
export async function startIssuer(claims) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const codes = new Map();
  const issuer = { url: '', refuse: false, close: () => new Promise((resolve) => server.close(resolve)) };
  const answers = {
    '/.well-known/openid-configuration': () => ({
      issuer: issuer.url,
      jwks_uri: `${issuer.url}/keys`,
      authorization_endpoint: `${issuer.url}/authorize`,
      token_endpoint: `${issuer.url}/token`,
    }),
    '/keys': () => ({ keys: [key] }),
    '/token': async (form) => {
      const asked = codes.get(form.get('code'));
      codes.delete(form.get('code'));
      const digest = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (asked?.code_challenge !== digest || asked.redirect_uri !== form.get('redirect_uri')) return null;
      const token = new SignJWT({ sub: 'someone', ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'one' });
      const signed = await token.setIssuer(issuer.url).setIssuedAt().setExpirationTime('5m').sign(privateKey);
      return { access_token: signed, token_type: 'Bearer' };
    },
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, issuer.url);
    if (pathname === '/authorize') {
      const back = new URL(searchParams.get('redirect_uri'));
      back.searchParams.set('state', searchParams.get('state'));
      const code = randomUUID();
      codes.set(code, Object.fromEntries(searchParams));
      back.searchParams.set(issuer.refuse ? 'error' : 'code', issuer.refuse ? 'access_denied' : code);
      return void response.writeHead(302, { location: back.href }).end();
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = await answers[pathname]?.(new URLSearchParams(body));
    const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
    response
      .writeHead(answer ? 200 : 400, headers)
      .end(JSON.stringify(answer ?? { error_description: 'this code is not good' }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer.url = `http://127.0.0.1:${server.address().port}`;
  return issuer;
}
