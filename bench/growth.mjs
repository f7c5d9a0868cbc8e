// How the cost of a fire and of a list grows: with replicas, with jobs that are registered, with runs that are kept. Numbers and
// curves go to docs/benchmarks (--out for another folder; --quick to a temporary one). Usage: node bench/growth.mjs
// [--only replicas,jobs,runs] [--replicas 1,2,4] [--jobs 1000,10000,100000,1000000] [--runs 10000,100000,1000000,10000000] [--repeat 3] [--draw] [--out docs/benchmarks] [--quick] [--json]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { charts } from './growth/charts.mjs';
import { byJobs, byRuns } from './growth/by-size.mjs';
import { byReplicas } from './growth/by-replicas.mjs';
import { flag, listOption, numberOption, textOption } from './support/options.mjs';
import { machine, none, progress, QUICK, report } from './support/report.mjs';
import { onStage } from './support/service.mjs';
import { lineChart } from './support/svg.mjs';

const ONLY = listOption('only', ['replicas', 'jobs', 'runs']);
const numbers = (name, byDefault, quick) => listOption(name, QUICK ? quick : byDefault).map(Number);
const OPTIONS = {
  replicas: numbers('replicas', [1, 2, 4], [1, 2]),
  jobs: numbers('jobs', [1_000, 10_000, 100_000, 1_000_000], [100, 1_000]),
  runs: numbers('runs', [10_000, 100_000, 1_000_000, 10_000_000], [300, 3_000]),
  repeat: numberOption('repeat', QUICK ? 1 : 3),
};
const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, textOption('out', QUICK ? 'node_modules/.cache/bench-growth' : 'docs/benchmarks'));
const NUMBERS = join(OUT, 'growth.json');
const MEASURES = { replicas: byReplicas, jobs: byJobs, runs: byRuns };

const kept = JSON.parse(await readFile(NUMBERS, 'utf8').catch(() => '{}'));
await mkdir(OUT, { recursive: true });
for (const part of flag('draw') ? [] : ONLY) {
  await onStage(async (stage) => {
    const { figures, faults } = await MEASURES[part](stage, OPTIONS);
    kept[part] = { machine: machine(), repeat: OPTIONS.repeat, figures };
    report(`Growth with ${part}`, [...rowsOf(figures), none('missing, doubled, repeated, or not recorded', faults)]);
  });
  await writeFile(NUMBERS, `${JSON.stringify(kept, null, 2)}\n`);
}
for (const { file, chart } of charts(kept)) await writeFile(join(OUT, file), lineChart(chart));
progress(`drew the curves of ${NUMBERS}`);

function rowsOf(figures) {
  return figures.flatMap(({ at, ...members }) =>
    Object.entries(members).map(([name, { value, unit }]) => ({
      figure: `${at.toLocaleString('en')}: ${name}`,
      value,
      unit,
    })),
  );
}
