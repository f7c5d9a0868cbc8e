import { quote } from '../recurrence/problems.js';
import { fromVixie } from './cron-fields.js';
import type { Imported, ImportedJob } from './imported-job.js';
import { UniqueNames } from './imported-job.js';
import { ImportReport } from './report.js';

export interface CrontabOptions {
  /** Of the machine that the crontab comes from; null when it is not known. */
  readonly timeZone: string | null;
  /** Lines name a user before the command, as in /etc/crontab and /etc/cron.d. */
  readonly userColumn: boolean;
}

const ENVIRONMENT = /^\s*(?:"(\w+)"|'(\w+)'|(\w+))\s*=\s*(.*)$/;
/** What cron does with a macro; `@reboot` has no time. */
const MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '@yearly'],
  ['@annually', '@yearly'],
  ['@monthly', '@monthly'],
  ['@weekly', '@weekly'],
  ['@daily', '@daily'],
  ['@midnight', '@daily'],
  ['@hourly', '@hourly'],
  ['@every_minute', '* * * * *'],
]);
const MAX_NAME = 80;
/** Enough for a name; what looks for its words takes the square of it. */
const MAX_NAMING_TEXT = 500;
const MAX_DESCRIPTION = 500;

/**
 * Reads a crontab (crontab(5) of Vixie cron and cronie). A command becomes the body `{ "command", "stdin"?, "user"? }` of a
 * call whose URL somebody must name; its name comes from a comment `# job: NAME` right above it, else from its words.
 */
export function importCrontab(text: string, options: CrontabOptions): Imported {
  const reader = new CrontabReader(options);
  text.split(/\r?\n/).forEach((line, index) => reader.read(line, index + 1));
  return reader.finish();
}

interface Timing {
  readonly expression: string;
  readonly rest: string;
}

class CrontabReader {
  private readonly report = new ImportReport();
  private readonly jobs: ImportedJob[] = [];
  private readonly names = new UniqueNames();
  private timeZone: string | null;
  private jitter: string | undefined;
  private comment: string | null = null;
  private assumedAt: number | null = null;

  constructor(private readonly options: CrontabOptions) {
    this.timeZone = options.timeZone;
  }

  read(line: string, number: number): void {
    const comment = /^\s*#(.*)$/.exec(line);
    if (comment !== null) {
      this.comment = comment[1]?.trim() ?? null;
      return;
    }
    const environment = ENVIRONMENT.exec(line);
    if (environment !== null) this.readEnvironment(environment, number);
    else if (line.trim() !== '') this.readJob(line.trim(), number);
    this.comment = null;
  }

  finish(): Imported {
    if (this.assumedAt !== null) {
      const detail = "cron goes by its machine's time zone; read as UTC, name another with timeZone";
      this.report.document({ line: this.assumedAt }, 'assumed_time_zone', detail);
    }
    return { jobs: this.jobs, report: this.report };
  }

  private readEnvironment([, double, single, plain, raw = '']: RegExpExecArray, number: number): void {
    const name = double ?? single ?? plain ?? '';
    const value = raw.trim().replace(/^(["'])(.*)\1$/, '$2');
    if (name === 'CRON_TZ') this.timeZone = value === '' ? this.options.timeZone : value;
    else if (name === 'RANDOM_DELAY' && /^\d{1,4}$/.test(value)) {
      this.jitter = Number(value) === 0 ? undefined : `PT${Number(value)}M`;
    } else {
      const detail =
        name === 'MAILTO' || name === 'MAILFROM'
          ? `${name}: nothing is mailed; runs keep an excerpt of the answer`
          : `${quote(name)} belongs to the shell that runs the command; set it there`;
      this.report.document({ line: number }, 'no_equivalent', detail);
    }
  }

  private readJob(line: string, number: number): void {
    const place = { line: number };
    const timing = this.timingOf(line, number);
    if (timing === null) return;
    const [user, command] = this.options.userColumn ? splitWord(timing.rest) : [null, timing.rest];
    if (command === '') {
      this.report.job(null, place, 'malformed', 'has no command');
      return;
    }
    if (!this.options.userColumn && /^root\s/.test(command)) {
      const detail =
        'the command begins with "root", as in a crontab with a column of users; say so with userColumn=true';
      this.report.job(null, place, 'malformed', detail);
      return;
    }
    const named = /^job:\s*(\S.*)$/.exec(this.comment ?? '')?.[1];
    const description = named === undefined ? (this.comment ?? '').slice(0, MAX_DESCRIPTION) : '';
    if (this.timeZone === null) this.assumedAt ??= number;
    this.jobs.push({
      place,
      name: this.names.take(named ?? nameOf(command)),
      settings: {
        ...(description !== '' && { description }),
        schedule: {
          ...{ type: 'cron', expression: timing.expression, timeZone: this.timeZone ?? 'UTC' },
          ...(this.jitter !== undefined && { jitter: this.jitter }),
        },
      },
      target: { url: null, body: { ...splitInput(command), ...(user !== null && { user }) } },
    });
  }

  private timingOf(line: string, number: number): Timing | null {
    const refuse = (detail: string): null => {
      this.report.job(null, { line: number }, 'unsupported_schedule', detail);
      return null;
    };
    if (line.startsWith('@')) {
      const [macro, rest] = splitWord(line);
      const expression = MACROS.get(macro.toLowerCase());
      return expression === undefined ? refuse(`${quote(macro)} names no time that comes again`) : { expression, rest };
    }
    // SUSE's and cronie's mark for a command that is not to be logged.
    const parts = /^-?([\d*~]\S*)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(line);
    if (parts === null) {
      this.report.job(null, { line: number }, 'not_a_job', 'is neither five fields and a command nor a setting');
      return null;
    }
    const translated = fromVixie(parts.slice(1, 6));
    if ('refused' in translated) return refuse(translated.refused);
    return { expression: translated.expression, rest: parts[6] ?? '' };
  }
}

function splitWord(text: string): [string, string] {
  const space = text.search(/\s/);
  return space < 0 ? [text, ''] : [text.slice(0, space), text.slice(space).trim()];
}

/** A `%` ends the command and begins its input, in which further ones are line ends; `\%` is a percent sign. */
function splitInput(text: string): { command: string; stdin?: string } {
  const parts = text.split(/(?<!\\)%/).map((part) => part.replaceAll('\\%', '%'));
  const [command = '', ...lines] = parts;
  return { command: command.trimEnd(), ...(lines.length > 0 && { stdin: lines.join('\n') }) };
}

/** The command's words, without what it does with its output. */
function nameOf(command: string): string {
  const words = splitInput(command)
    .command.slice(0, MAX_NAMING_TEXT)
    .replace(/[&\d]?>{1,2}\s*(?:&\d|\S+)/g, ' ')
    .replace(/[^\w.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return words.slice(0, MAX_NAME).replace(/[-.]+$/, '') || 'command';
}
