interface Line {
  readonly time: string;
  readonly level: string;
  readonly context?: string;
  readonly msg?: string;
  readonly err?: { readonly stack?: string };
}

/** One JSON line of the log as a person reads it: time, level where it matters, who speaks, what, and the rest. */
export function textLine(json: string): string {
  const { time, level, context, msg, err, ...rest } = JSON.parse(json) as Line;
  const clock = time.slice(11, 23);
  const loud = level === 'info' ? '' : ` ${level.toUpperCase()}`;
  const who = context === undefined ? '' : ` [${context}]`;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  const trace = err?.stack === undefined ? '' : `\n${err.stack}`;
  return `${clock}${loud}${who} ${msg ?? ''}${more}${trace}\n`;
}
