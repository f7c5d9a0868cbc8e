import type { LoggerService } from '@nestjs/common';
import { currentRequest } from '../http/current-request.js';
import type { Logger } from './logger.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What Nest tells about its own wiring: of use to its developers only. */
const WIRING = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);

/**
 * Lets `new Logger(context)` of Nest write to our log: the last text is the context, as Nest passes it; an Error keeps
 * its stack; an object's members become members of the log line, with its `msg` as the text. A line that speaks of a job or a run
 * by its id, or is written for a request, has that id as a member too, to be found by.
 */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: Level, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.pop() as string) : undefined;
    const quiet = level === 'info' && context !== undefined && WIRING.has(context) ? 'debug' : level;
    if (!this.logger.isLevelEnabled(quiet)) return;
    const err = [message, ...rest].find((part) => part instanceof Error);
    const stack = rest.find((part) => typeof part === 'string');
    const members = isRecord(message) ? message : {};
    const text = typeof message === 'string' ? message : err?.message;
    const failure = (err ?? stack) ? { err: err ?? { stack } } : {};
    this.logger[quiet]({ context, ...idsOf(text ?? members['msg']), ...members, ...failure }, text);
  }
}

const NAMED_THING = /\b(run|job) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/g;

/** The request that the line is written for, and the job and the run that it names: of several the first. */
function idsOf(text: unknown): Record<string, string> {
  const ids: Record<string, string> = {};
  const requestId = currentRequest()?.id;
  if (requestId !== undefined) ids['requestId'] = requestId;
  if (typeof text !== 'string') return ids;
  for (const [, thing, id] of text.matchAll(NAMED_THING)) ids[`${thing}Id`] ??= id ?? '';
  return ids;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}
