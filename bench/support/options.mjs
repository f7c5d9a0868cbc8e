/** What follows `--name` on the command line, or `byDefault`. */
export function textOption(name, byDefault) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : process.argv[at + 1];
}

export function numberOption(name, byDefault) {
  const value = Number(textOption(name, byDefault));
  if (!Number.isFinite(value)) throw new Error(`--${name} takes a number`);
  return value;
}

/** Words with commas between them. */
export function listOption(name, byDefault) {
  return textOption(name, byDefault.join(',')).split(',').filter(Boolean);
}

export function flag(name) {
  return process.argv.includes(`--${name}`);
}
