import { cpus, totalmem } from 'node:os';

export const QUICK = process.argv.includes('--quick');
const JSON_ONLY = process.argv.includes('--json');

/** Says what goes on while a benchmark works. */
export function progress(text) {
  if (!JSON_ONLY) console.error(`  … ${text}`);
}

/**
 * Prints a table of figures with their goals and exits with 1 when one is not met. `goal` is a function of the value;
 * `goalText` its wording. With --quick goals are shown but only what is lost or doubled fails the run.
 */
export function report(title, rows) {
  const judged = rows.map((row) => ({ ...row, met: row.goal === undefined ? null : row.goal(row.value) }));
  if (JSON_ONLY) {
    console.log(JSON.stringify({ title, quick: QUICK, rows: judged.map(({ goal, ...row }) => row) }));
  } else {
    console.log(`\n${title}${QUICK ? ' (quick: small sizes, figures mean little)' : ''}`);
    console.log(
      `${cpus()[0].model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    );
    const width = Math.max(...judged.map((row) => row.figure.length));
    for (const row of judged) {
      const mark = row.met === null ? ' ' : row.met ? '✓' : '✗';
      const goal = row.goalText === undefined ? '' : `   goal ${row.goalText}`;
      console.log(
        `${mark} ${row.figure.padEnd(width)}  ${format(row.value).padStart(10)} ${(row.unit ?? '').padEnd(8)}${goal}`,
      );
    }
  }
  if (judged.some((row) => row.met === false && (!QUICK || row.exact === true))) process.exitCode = 1;
}

function format(value) {
  if (typeof value !== 'number') return String(value);
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

/** A figure that must be zero, at any size. */
export function none(figure, value) {
  return { figure, value, goal: (count) => count === 0, goalText: '0', exact: true };
}

export function below(figure, value, unit, limit) {
  return { figure, value, unit, goal: (given) => given < limit, goalText: `< ${limit}` };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
