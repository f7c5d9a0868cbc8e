import type { Settings } from '../config.js';

type About = Pick<Settings, 'databaseUrl' | 'redisUrl' | 'dataDir' | 'role' | 'auth' | 'rootApiKey'>;

/** What a newcomer reads when the service is up: where it is, a first job to paste, what will still be there tomorrow. */
export function welcome(url: string, settings: About): string {
  const key = settings.auth === 'open' ? '' : ' -H "authorization: Bearer $ROOT_API_KEY"';
  const job = `{"name":"hello","schedule":"PT10S","target":{"type":"http","method":"GET","url":"${url}/health/live"}}`;
  return [
    '',
    `Carillon is listening on ${url}`,
    `  dashboard  ${url}/`,
    `  docs       ${url}/docs`,
    `  OpenAPI    ${url}/openapi.json`,
    `  health     ${url}/health/ready   ${url}/system   ${url}/metrics`,
    '',
    ...(servesJobs(settings)
      ? [
          'A first job, every 10 seconds, and its runs:',
          `  curl -X POST ${url}/jobs${key} -H 'content-type: application/json' -d '${job}'`,
          `  curl ${url}/runs${key}`,
          '',
        ]
      : []),
    ...(settings.role === 'all' ? [] : [`Role: ${settings.role}. ${DUTIES[settings.role]}`]),
    ...persistence(settings),
    access(settings),
    '',
    '',
  ].join('\n');
}

export function persistence(settings: About): string[] {
  return [
    settings.databaseUrl === null
      ? `Kept: jobs and runs, in an embedded Postgres in ${settings.dataDir}/, over restarts and crashes. DATABASE_URL switches to a server of yours.`
      : 'Kept: jobs and runs, in the Postgres of DATABASE_URL.',
    settings.redisUrl === null
      ? 'Not kept: rate limit counts, in memory of this one replica. No Redis: runs are delivered from the ledger; REDIS_URL switches to one.'
      : 'Redis: the one of REDIS_URL carries runs; nothing is lost with it.',
  ];
}

/** Who may call it. Never shows a key. */
export function access({ auth, rootApiKey }: About): string {
  if (auth === 'keys') return 'Access: with an API key or the root key.';
  const unused = rootApiKey === null ? '' : ' ROOT_API_KEY is not asked for; AUTH=keys does so.';
  return `Access: open to everyone on this machine (AUTH=open).${unused}`;
}

function servesJobs({ role }: About): boolean {
  return role === 'all' || role === 'api';
}

const DUTIES = {
  api: 'Serves jobs and runs; plans and calls nothing.',
  scheduler: 'Plans and recovers; jobs are served by api, targets called by worker.',
  worker: 'Calls targets; jobs are served by api, planned by scheduler.',
} as const;
