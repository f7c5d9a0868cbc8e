import { pino, type DestinationStream, type Logger } from 'pino';
import type { Settings } from '../config.js';
import { textLine } from './text-line.js';

export type { Logger };

/** Header and member names whose values never reach the log, whoever logs them. */
const SECRETS = ['authorization', 'cookie', 'set-cookie', 'x-api-key', 'password', 'secret', 'token'];

/**
 * The process's one log. JSON lines for machines; plain lines when a person looks on (a terminal), or when LOG_FORMAT
 * says so.
 */
export function createLogger({ logLevel, logFormat }: Pick<Settings, 'logLevel' | 'logFormat'>): Logger {
  const asText = logFormat === 'text' || (logFormat === 'auto' && process.stdout.isTTY);
  return pino(
    {
      level: logLevel,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: '********',
      },
    },
    asText ? textDestination() : pino.destination({ fd: 1, sync: true }),
  );
}

function textDestination(): DestinationStream {
  const stdout = pino.destination({ fd: 1, sync: true });
  return { write: (line) => stdout.write(textLine(line)) };
}
