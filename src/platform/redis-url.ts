export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Where REDIS_URL leads. Secrets stay in here: never log one. */
export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | {
      readonly kind: 'sentinel';
      readonly nodes: readonly HostAndPort[];
      readonly master: string;
      readonly db: number;
      readonly tls: boolean;
      readonly login: Login;
      /** Of the sentinels, where they ask for one. */
      readonly sentinelLogin: Login;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[]; readonly tls: boolean; readonly login: Login };

export interface Login {
  readonly username?: string;
  readonly password?: string;
}

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;

const MANY = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST_AND_PORT = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;
const MASTER_AND_DB = /^([^/\s]+)(?:\/(\d{1,5}))?$/;

/**
 * Reads `redis://`, `redis+sentinel://user:password@host:port,host:port/master/db?sentinelPassword=…`,
 * `redis+cluster://user:password@host:port,host:port`, and each of them with `rediss` for TLS. User and password are
 * percent-encoded. Undefined when it is none of these.
 */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  if (/^rediss?:\/\//.test(text)) return URL.canParse(text) ? { kind: 'single', url: text } : undefined;
  try {
    return parseMany(text);
  } catch {
    return undefined; // a stray % in a name or a password
  }
}

function parseMany(text: string): RedisAddress | undefined {
  const [, scheme, kind, userInfo, hosts = '', path = '', query = ''] = MANY.exec(text) ?? [];
  const nodes = parseNodes(hosts, kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT);
  if (nodes === undefined) return undefined;
  const tls = scheme === 'rediss';
  const login = parseLogin(userInfo);
  if (kind === 'cluster') return path === '' && query === '' ? { kind, nodes, tls, login } : undefined;
  const [, master, db = '0'] = MASTER_AND_DB.exec(path) ?? [];
  const sentinelLogin = parseSentinelLogin(query);
  if (kind !== 'sentinel' || master === undefined || sentinelLogin === undefined) return undefined;
  return { kind, nodes, master: decodeURIComponent(master), db: Number(db), tls, login, sentinelLogin };
}

function parseNodes(hosts: string, defaultPort: number): HostAndPort[] | undefined {
  const nodes: HostAndPort[] = [];
  for (const given of hosts.split(',')) {
    const [, host, port = String(defaultPort)] = HOST_AND_PORT.exec(given.trim()) ?? [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
    nodes.push({ host: host.replace(/^\[|\]$/g, ''), port: Number(port) });
  }
  return nodes;
}

function parseLogin(userInfo = ''): Login {
  const [username = '', ...rest] = userInfo.split(':');
  const password = rest.join(':');
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}

function parseSentinelLogin(query: string): Login | undefined {
  const given = new URLSearchParams(query);
  if ([...given.keys()].some((name) => name !== 'sentinelUsername' && name !== 'sentinelPassword')) return undefined;
  const [username, password] = [given.get('sentinelUsername'), given.get('sentinelPassword')];
  return { ...(username === null ? {} : { username }), ...(password === null ? {} : { password }) };
}
