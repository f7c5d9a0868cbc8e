/**
 * On every answer, so that a browser makes nothing of it but data: no frame, no script, no guess at its type. HSTS is for
 * whoever ends TLS before this service, which speaks plain HTTP.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The page at /docs, with scripts and pictures of ours and styles inside of it. */
const DOCS_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** The dashboard's page and files: all of it from here, nothing inline. `connectTo`: origins beside our own that it may ask. */
export function dashboardHeaders(connectTo: readonly string[] = []): Readonly<Record<string, string>> {
  return {
    ...SECURITY_HEADERS,
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
      `connect-src ${["'self'", ...connectTo].join(' ')}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; ` +
      "form-action 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
  };
}

/** By the URL of the request, with or without its query. */
export function securityHeadersFor(url: string): Readonly<Record<string, string>> {
  return url.startsWith('/docs') ? DOCS_HEADERS : SECURITY_HEADERS;
}
