import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { RateLimit } from '../domain/rate-limit.js';
import type { ClaimNames } from '../domain/token-claims.js';
import {
  durationInMs,
  egressAllow,
  encryptionKeys,
  isLoopback,
  issuerUrl,
  oneOf,
  proxies,
  rateLimit,
  redisUrl,
  secretOf,
  serverUrl,
  text,
  wholeNumber,
  type EgressAllow,
  type EncryptionKey,
  type Reader,
} from './config/readers.js';

export type { EgressAllow, EncryptionKey };

const CLAIM = /^[\x21-\x7e]{1,200}$/;

/** Every setting: how it is read, and its default as one would write it (null: unset). `.env.example` lists the same. */
export const SETTINGS = {
  HOST: setting('127.0.0.1', text('a host name or an address', /^[\w.:%-]{1,253}$/)),
  PORT: setting('3000', wholeNumber(0, 65_535)),
  DATABASE_URL: setting(null, serverUrl(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/carillon')),
  DATABASE_POOL_SIZE: setting('20', wholeNumber(2, 1_000)),
  MIGRATE_ON_START: setting('on', oneOf('on', 'off')),
  REDIS_URL: setting(null, redisUrl),
  DATA_DIR: setting('.carillon', text('a folder', /^[^\0]+$/)),
  ROLE: setting('all', oneOf('all', 'api', 'scheduler', 'worker')),
  AUTH: setting(null, oneOf('open', 'keys')),
  ROOT_API_KEY: setting(null, secretOf(16)),
  ENCRYPTION_KEYS: setting(null, encryptionKeys),
  OIDC_ISSUER: setting(null, issuerUrl),
  OIDC_AUDIENCE: setting(null, text('what the issuer names as audience', /^[\x21-\x7e]{1,500}$/)),
  OIDC_CLIENT_ID: setting(null, text('the id of a client of the issuer', /^[\x21-\x7e]{1,500}$/)),
  OIDC_SCOPES: setting('openid', text('names of scopes with spaces between them', /^[\x21-\x7e]+( [\x21-\x7e]+)*$/)),
  OIDC_ROLE_CLAIM: setting('carillon_role', text('the name of a claim', CLAIM)),
  OIDC_PROJECT_CLAIM: setting('carillon_project', text('the name of a claim', CLAIM)),
  EGRESS_ALLOW: setting('', egressAllow),
  TRUST_PROXY: setting('', proxies),
  CACHE: setting('on', oneOf('on', 'off')),
  RATE_LIMIT: setting('1200/1m', rateLimit),
  WORKER_CONCURRENCY: setting('500', wholeNumber(1, 10_000)),
  LEASE: setting('15s', durationInMs(1_000, '1s')),
  LEADER_TTL: setting('3s', durationInMs(1_000, '1s')),
  HORIZON: setting('60s', durationInMs(1_000, '1s')),
  RUN_RETENTION: setting('30d', durationInMs(86_400_000, '1d')),
  AUDIT_RETENTION: setting('365d', durationInMs(86_400_000, '1d')),
  SHUTDOWN_DELAY: setting('0s', durationInMs(0, '0s')),
  SHUTDOWN_TIMEOUT: setting('3s', durationInMs(0, '0s')),
  LOG_LEVEL: setting('info', oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')),
  LOG_FORMAT: setting('auto', oneOf('auto', 'json', 'text')),
} as const satisfies Record<string, Setting<unknown>>;

interface Setting<Value> {
  readonly byDefault: string | null;
  readonly reader: Reader<Value>;
}

function setting<Value>(byDefault: string, reader: Reader<Value>): Setting<Value>;
function setting<Value>(byDefault: null, reader: Reader<Value>): Setting<Value | null>;
function setting<Value>(byDefault: string | null, reader: Reader<Value>): Setting<Value | null> {
  return { byDefault, reader };
}

/** What this process does: serve jobs and runs, plan, deliver, or all of it. */
export type Role = 'all' | 'api' | 'scheduler' | 'worker';
/** `open`: everyone who reaches the service may all; `keys`: who has the root key or an API key, by its role. */
export type Auth = 'open' | 'keys';

/** Whose tokens are let in, and what is read from them. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly claims: ClaimNames;
  /** As whom the dashboard signs people in; null: it does not. */
  readonly clientId: string | null;
  /** What the dashboard asks for. */
  readonly scopes: readonly string[];
}

/** What the environment says. Durations in milliseconds. */
export interface Settings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Null: the embedded Postgres, with its data in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly databasePoolSize: number;
  readonly migrateOnStart: boolean;
  /** Null: no Redis. */
  readonly redisUrl: string | null;
  readonly dataDir: string;
  readonly role: Role;
  readonly auth: Auth;
  /** Null: no root key. */
  readonly rootApiKey: string | null;
  /** Of secrets at rest; the first one encrypts. */
  readonly encryptionKeys: readonly EncryptionKey[];
  /** Null: no tokens. */
  readonly oidc: OidcSettings | null;
  readonly egressAllow: EgressAllow;
  /** Whose word is taken for where a request comes from (`X-Forwarded-For`). */
  readonly trustProxy: readonly string[];
  /** Whether what was read and worked out is kept. */
  readonly cache: boolean;
  /** Null: unlimited. */
  readonly rateLimit: RateLimit | null;
  readonly workerConcurrency: number;
  /** How long a worker holds a run before another may take it over. */
  readonly leaseMs: number;
  /** How long the leader's lock in Redis outlives its last renewal. */
  readonly leaderTtlMs: number;
  /** How far ahead the leader keeps slots. */
  readonly horizonMs: number;
  readonly runRetentionMs: number;
  readonly auditRetentionMs: number;
  /** Between the signal to stop and the end of listening, for load balancers to notice. */
  readonly shutdownDelayMs: number;
  /** How long calls and requests under way may go on once it stops. */
  readonly shutdownTimeoutMs: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly logFormat: 'auto' | 'json' | 'text';
}

/** The settings as the service runs with them: injected wherever one is needed. */
export abstract class Config implements Omit<Settings, 'databaseUrl'> {
  abstract readonly host: string;
  abstract readonly port: number;
  /** The server in use, the embedded one too. */
  abstract readonly databaseUrl: string;
  /** True when Postgres is our own, started with this process. */
  abstract readonly embedded: boolean;
  abstract readonly databasePoolSize: number;
  abstract readonly migrateOnStart: boolean;
  abstract readonly redisUrl: string | null;
  abstract readonly dataDir: string;
  abstract readonly role: Role;
  abstract readonly auth: Auth;
  abstract readonly rootApiKey: string | null;
  /** With the key of an embedded service. Empty: nothing that is secret can be stored. */
  abstract readonly encryptionKeys: readonly EncryptionKey[];
  abstract readonly oidc: OidcSettings | null;
  abstract readonly egressAllow: EgressAllow;
  abstract readonly trustProxy: readonly string[];
  abstract readonly cache: boolean;
  abstract readonly rateLimit: RateLimit | null;
  abstract readonly workerConcurrency: number;
  abstract readonly leaseMs: number;
  abstract readonly leaderTtlMs: number;
  abstract readonly horizonMs: number;
  abstract readonly runRetentionMs: number;
  abstract readonly auditRetentionMs: number;
  abstract readonly shutdownDelayMs: number;
  abstract readonly shutdownTimeoutMs: number;
  abstract readonly logLevel: Settings['logLevel'];
  abstract readonly logFormat: Settings['logFormat'];
}

/** All that is wrong with the settings, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The process environment over the `.env` file of the working folder, if there is one. */
export function readEnvironment(): Environment {
  return { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
}

/**
 * Reads and checks every setting. An empty value is the same as none. Throws a ConfigError with all the problems. `serves`:
 * whether anyone will call it; a command that migrates or rotates keys lets nobody in.
 */
export function readSettings(environment: Environment, serves = true): Settings {
  const given = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, environment[name]?.trim() || undefined]));
  const parsed = SCHEMA.safeParse(given);
  const problems = [
    ...(parsed.error?.issues.map((issue) => issue.message) ?? []),
    ...(serves ? refuseAccess(given) : []),
    ...refuseHalfAnIssuer(given),
    ...refuseRoleOfItsOwn(given.ROLE, given.DATABASE_URL),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const values = parsed.data;
  return {
    host: values.HOST,
    port: values.PORT,
    databaseUrl: values.DATABASE_URL,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    migrateOnStart: values.MIGRATE_ON_START === 'on',
    redisUrl: values.REDIS_URL,
    dataDir: values.DATA_DIR,
    role: values.ROLE,
    auth: values.AUTH ?? authByDefault(given),
    rootApiKey: values.ROOT_API_KEY,
    encryptionKeys: values.ENCRYPTION_KEYS ?? [],
    oidc: oidcOf(values),
    egressAllow: values.EGRESS_ALLOW,
    trustProxy: values.TRUST_PROXY,
    cache: values.CACHE === 'on',
    rateLimit: values.RATE_LIMIT === 'off' ? null : values.RATE_LIMIT,
    workerConcurrency: values.WORKER_CONCURRENCY,
    leaseMs: values.LEASE,
    leaderTtlMs: values.LEADER_TTL,
    horizonMs: values.HORIZON,
    runRetentionMs: values.RUN_RETENTION,
    auditRetentionMs: values.AUDIT_RETENTION,
    shutdownDelayMs: values.SHUTDOWN_DELAY,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT,
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT,
  };
}

type Values = { [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer Value> ? Value : never };

const SCHEMA = z
  .object(Object.fromEntries(Object.entries(SETTINGS).map(([name, entry]) => [name, schemaOf(name, entry)])))
  .transform((values) => values as Values);

function oidcOf(values: Values): OidcSettings | null {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = values;
  if (issuer === null || audience === null) return null;
  const claims = { role: values.OIDC_ROLE_CLAIM, project: values.OIDC_PROJECT_CLAIM };
  return { issuer, audience, claims, clientId: values.OIDC_CLIENT_ID, scopes: values.OIDC_SCOPES.split(' ') };
}

/** A token of the same issuer that was made for another service must not open this one. */
function refuseHalfAnIssuer({ OIDC_ISSUER, OIDC_AUDIENCE, OIDC_CLIENT_ID }: Given): string[] {
  if (OIDC_CLIENT_ID !== undefined && OIDC_ISSUER === undefined) {
    return ['OIDC_CLIENT_ID must be set together with OIDC_ISSUER: whose client it is'];
  }
  if ((OIDC_ISSUER === undefined) === (OIDC_AUDIENCE === undefined)) return [];
  return ['OIDC_ISSUER and OIDC_AUDIENCE must be set together: whose tokens are let in, and made for whom'];
}

type Given = Readonly<Record<string, string | undefined>>;

/** Open is what one tries out on one's own machine; a server of one's own, an issuer or an address for others asks for keys. */
function authByDefault({ HOST, DATABASE_URL, REDIS_URL, OIDC_ISSUER }: Given): Auth {
  const isTrial = DATABASE_URL === undefined && REDIS_URL === undefined && OIDC_ISSUER === undefined;
  return isTrial && isLoopback(HOST ?? SETTINGS.HOST.byDefault ?? '') ? 'open' : 'keys';
}

/**
 * Without keys everyone who reaches the port may do everything, so only this machine may reach it. And where keys are
 * asked for and made (not in a scheduler or a worker) the root key makes the first one.
 */
function refuseAccess(given: Given): string[] {
  const host = given.HOST ?? SETTINGS.HOST.byDefault ?? '';
  const auth = given.AUTH ?? authByDefault(given);
  if (auth === 'open' && !isLoopback(host)) {
    return [
      `HOST must be a loopback address like 127.0.0.1 while the service is open (AUTH=open), got "${host.slice(0, 80)}"; ` +
        'for others to reach it set AUTH=keys and ROOT_API_KEY',
    ];
  }
  const makesKeys = !['scheduler', 'worker'].includes(given.ROLE ?? '');
  if (auth !== 'keys' || given.ROOT_API_KEY !== undefined || !makesKeys) return [];
  return [
    `ROOT_API_KEY must be set, ${whyKeys(given)}: nobody could make a key otherwise; ` +
      'take the answer of `openssl rand -hex 32`' +
      (isLoopback(host) ? ', or set AUTH=open, which lets everyone on this machine in' : ''),
  ];
}

function whyKeys(given: Given): string {
  if (given['AUTH'] !== undefined) return 'for AUTH=keys';
  const set = ['DATABASE_URL', 'REDIS_URL', 'OIDC_ISSUER'].find((name) => given[name] !== undefined);
  return set === undefined ? 'for HOST is no loopback address (AUTH=keys)' : `for ${set} is set (AUTH=keys)`;
}

/** The embedded Postgres serves its own process alone: the other roles would work on another ledger, or none. */
function refuseRoleOfItsOwn(role: string = SETTINGS.ROLE.byDefault ?? '', databaseUrl: string | undefined): string[] {
  if (role === 'all' || databaseUrl !== undefined || SETTINGS.ROLE.reader.read(role) === undefined) return [];
  return [
    `ROLE=${role} needs DATABASE_URL, one Postgres for all roles: the embedded one is private to its process (ROLE=all)`,
  ];
}

function schemaOf(name: string, { byDefault, reader }: Setting<unknown>): z.ZodType {
  return z
    .string()
    .optional()
    .transform((given, context) => {
      const written = given ?? byDefault;
      if (written === null) return null;
      const value = reader.read(written);
      if (value !== undefined) return value;
      const got = reader.secret ? '' : `, got ${JSON.stringify(written.slice(0, 80))}`;
      context.addIssue(`${name} must be ${reader.must}${got}`);
      return z.NEVER;
    });
}
