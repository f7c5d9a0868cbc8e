import type { HttpTarget, Job } from '../job.js';
import { crontabTiming } from './crontab-timing.js';

/** Vixie cron cuts a command off after so many bytes. */
const MAX_COMMAND_BYTES = 998;

export const CRONTAB_HEAD = [
  '# Jobs of Carillon as curl would call them. cron keeps no ledger, retries nothing and makes up for nothing; what it',
  '# can not say stands as a comment. Secrets are left out.',
  '',
].join('\n');

/** A job as lines of a crontab: its line, or a comment that says why there is none. `zone` is the one set above it. */
export function crontabLines(job: Job, zone: string | null): { readonly text: string; readonly zone: string | null } {
  const head = [`# job: ${job.name}`];
  const timing = crontabTiming(job.schedule);
  if ('impossible' in timing) return { text: [...head, `# not in cron: ${timing.impossible}`, ''].join('\n'), zone };
  const command = commandOf(job.target);
  if (new TextEncoder().encode(command.line).length > MAX_COMMAND_BYTES) {
    return { text: [...head, '# not in cron: its call is longer than a line may be', ''].join('\n'), zone };
  }
  if (command.secrets.length > 0) head.unshift(`# left out, for they are secret: ${command.secrets.join(', ')}`);
  if (job.schedule.jitter !== undefined) head.unshift(`# without its jitter of ${job.schedule.jitter}`);
  const line = `${timing.fields} ${command.line}`;
  if (job.state !== 'active') return { text: [...head, `# ${job.state}: ${line}`, ''].join('\n'), zone };
  const zoneLine = timing.timeZone === zone ? [] : [`CRON_TZ=${timing.timeZone}`];
  return { text: [...zoneLine, ...head, line, ''].join('\n'), zone: timing.timeZone };
}

function commandOf({ method, url, headers, auth, body, timeoutMs }: HttpTarget): {
  readonly line: string;
  readonly secrets: readonly string[];
} {
  const plain = Object.entries(headers).filter(([, value]) => typeof value === 'string') as [string, string][];
  const secrets = Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [] : [name]));
  if (auth !== undefined) secrets.push(`auth (${auth.type})`);
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const words = [
    ...['curl', '-fsS', '-o', '/dev/null', '-m', String(Math.ceil(timeoutMs / 1_000)), '-X', method],
    ...plain.flatMap(([name, value]) => ['-H', quoted(`${name}: ${value}`)]),
    ...(body === undefined
      ? []
      : [...(hasType ? [] : ['-H', quoted(`content-type: ${type}`)]), '--data-raw', quoted(text)]),
    quoted(url),
  ];
  // A line end can't stand in a crontab, and % would end the command.
  const line = words.join(' ').replaceAll('%', '\\%');
  return { line: line.replaceAll(/\r?\n/g, ' '), secrets };
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
