// `helm test`: whether the API serves, lets in who has the key and nobody else, and reckons.
const { CARILLON_URL: url, ROOT_API_KEY: key } = process.env;
process.on('SIGTERM', () => process.exit(1));
const auth = { authorization: `Bearer ${key}` };
const preview = JSON.stringify({ schedule: '0 9 * * 1', count: 3 });
const json = { 'content-type': 'application/json' };
const tries = [
  ['is ready', 200, '/health/ready', {}],
  ['asks for a key', 401, '/projects', {}],
  ['takes the root key', 200, '/projects', { headers: auth }],
  ['previews a schedule', 200, '/schedules/preview', { method: 'POST', headers: { ...auth, ...json }, body: preview }],
];
let failed = false;
for (const [what, expected, path, options] of tries) {
  const { status } = await fetch(url + path, { ...options, signal: AbortSignal.timeout(10_000) });
  console.log(`${status === expected ? 'ok' : 'NOT OK'}: ${what} (${status})`);
  failed ||= status !== expected;
}
process.exit(failed ? 1 : 0);
