import { cpus, totalmem } from 'node:os';

export const QUICK = process.argv.includes('--quick');
const JSON_ONLY = process.argv.includes('--json');

/** Says what goes on while a benchmark works. */
export function progress(text) {
  if (!JSON_ONLY) console.error(`  … ${text}`);
}

/**
 * Prints a table of figures with their baselines and goals, and makes the process exit with 1 when a goal is not met. With
 * --quick goals are shown but only what is `exact` (lost, doubled, wrong) fails the run.
 *
 * A row: `{ figure, value, unit?, goal?, goalText?, exact?, baseline? }`; `goal` is a function of the value, `goalText` its
 * wording. `baseline`: `{ name, value, goal?, goalText? }`; its `goal` is a function of value / baseline.
 */
export function report(title, rows) {
  const judged = rows.map(judge);
  if (JSON_ONLY) console.log(JSON.stringify({ title, quick: QUICK, machine: machine(), rows: judged }));
  else print(title, judged);
  if (judged.some((row) => row.met === false && (!QUICK || row.exact === true))) process.exitCode = 1;
}

export function judge({ goal, baseline, ...row }) {
  const ratio = baseline === undefined ? undefined : row.value / baseline.value;
  const verdicts = [goal?.(row.value), baseline?.goal?.(ratio)].filter((verdict) => verdict !== undefined);
  const goalText = [row.goalText, baseline?.goalText && `ratio ${baseline.goalText}`].filter(Boolean).join(', ');
  return {
    ...row,
    goalText: goalText === '' ? undefined : goalText,
    ...(baseline !== undefined && { baseline: { name: baseline.name, value: baseline.value }, ratio }),
    met: verdicts.length === 0 ? null : verdicts.every(Boolean),
  };
}

export function machine() {
  const { versions, version } = process;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus()[0].model}, ${cpus().length} cores, ${memory}, Node ${versions.node ?? version}, ${new Date().toISOString().slice(0, 16)}Z`;
}

function print(title, rows) {
  console.log(`\n${title}${QUICK ? ' (quick: small sizes, figures mean little)' : ''}\n${machine()}`);
  const cells = rows.map((row) => [
    row.met === null ? ' ' : row.met ? '✓' : '✗',
    row.figure,
    `${shown(row.value)}${row.unit ? ` ${row.unit}` : ''}`,
    row.baseline ? `${row.baseline.name} ${shown(row.baseline.value)}` : '',
    row.baseline ? `× ${row.ratio.toFixed(2)}` : '',
    row.goalText ? `goal ${row.goalText}` : (row.note ?? ''),
  ]);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const row of cells) {
    const line = row.map((cell, column) => (column === 2 ? cell.padStart(widths[2]) : cell.padEnd(widths[column])));
    console.log(line.join('  ').trimEnd());
  }
}

function shown(value) {
  if (typeof value !== 'number') return String(value);
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) < 1 ? 2 : 1);
}

/** A figure that must be zero, at any size. */
export function none(figure, value) {
  return { figure, value, goal: (count) => count === 0, goalText: '0', exact: true };
}

export function below(figure, value, unit, limit) {
  return { figure, value, unit, goal: (given) => given < limit, goalText: `< ${limit}` };
}

export function atLeast(figure, value, unit, limit) {
  return { figure, value, unit, goal: (given) => given >= limit, goalText: `≥ ${limit.toLocaleString('en')}` };
}

/** The row, against a baseline of the same run. `limit`: what the ratio must stay below, or with `least` reach; null: no goal. */
export function against(row, name, value, limit = null, { least = false } = {}) {
  const baseline = { name, value };
  if (limit !== null) {
    baseline.goal = (ratio) => (least ? ratio >= limit : ratio < limit);
    baseline.goalText = `${least ? '≥' : '<'} ${limit}`;
  }
  return { ...row, baseline };
}

/** CPU by part, from `cpuBetween`, in milliseconds, or over so many seconds as percent of a core; the sum leaves `others` out. */
export function cpuRow(figure, byPart, { overSeconds = null } = {}) {
  const scaled = ([part, used]) => [part, overSeconds === null ? used * 1_000 : (used / overSeconds) * 100];
  const parts = Object.fromEntries(Object.entries(byPart).map(scaled));
  const { others, ...own } = parts;
  const note = Object.entries(parts).map(([part, value]) => `${PART_NAMES[part] ?? part} ${shown(value)}`);
  const sum = Object.values(own).reduce((total, value) => total + value, 0);
  return { figure, value: sum, unit: overSeconds === null ? 'ms' : '% core', note: note.join(', '), parts };
}

const PART_NAMES = { postgres: 'Postgres', redis: 'Redis', process: 'its process', others: 'all else on the machine' };
