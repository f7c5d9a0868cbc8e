/** One JSON line of the log as a person reads it: time, level where it matters, who speaks, what, and the rest. */
export function textLine(json: string): string {
  const { time, level, context, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const loud = level === 'info' ? '' : ` ${String(level).toUpperCase()}`;
  const who = context === undefined ? '' : ` [${String(context)}]`;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  const trace = typeof stack === 'string' ? `\n${stack}` : '';
  return `${clock}${loud}${who} ${String(msg ?? '')}${more}${trace}\n`;
}
