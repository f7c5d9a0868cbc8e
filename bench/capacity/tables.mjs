// The tables of docs/scaling.md, between markers. Pure.

export function tablesOf({ costs, load, deployment, shards, lived, demand, limits, validation }) {
  return {
    costs: costsTable(costs),
    limits: limitsTable(limits, deployment),
    demand: demandTable({ load, demand, shards, lived }),
    validation: validationTable(validation),
  };
}

const SIZES = [
  { name: 'small', jobs: 10_000, fires: 20, reads: 20, writes: 2 },
  { name: 'medium', jobs: 1_000_000, fires: 500, reads: 200, writes: 20 },
  { name: 'large', jobs: 10_000_000, fires: 3_000, reads: 1_000, writes: 100 },
  { name: 'largest of one leader', jobs: 50_000_000, fires: 10_000, reads: 3_000, writes: 300 },
];

/** For the runbook: what such loads ask for. */
export function sizesTable(costs, demandOf) {
  const rows = SIZES.map(({ name, jobs, fires, reads, writes }) => {
    const mix = [{ share: 1, everySeconds: jobs / fires }];
    const demand = demandOf(
      { ...{ jobs, mix }, retentionDays: 30, readsPerSecond: reads, writesPerSecond: writes },
      costs,
    );
    return [
      name,
      number(jobs),
      `${number(fires)} / ${number(reads + writes)}`,
      `${Math.max(2, Math.ceil(demand.postgres))}`,
      `${Math.max(2, demand.workers)}`,
      `${Math.max(2, demand.apis)}`,
      bytes(demand.jobsBytes),
      bytes(demand.runsBytes),
      `${bytes(demand.walBytesPerSecond)}/s`,
    ];
  });
  const head = [
    '',
    'jobs',
    'fires / requests a second',
    'cores of Postgres',
    'workers',
    'API',
    'jobs on disk',
    'runs of 30 days',
    'WAL',
  ];
  return markdown([head, ...rows]);
}

/** The page with each table in its place: `<!-- name:begin -->` to `<!-- name:end -->`. Throws where a marker is missing. */
export function withTables(page, tables) {
  let text = page;
  for (const [name, table] of Object.entries(tables)) {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`the page lacks its markers ${begin} … ${end}`);
    text = `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
  }
  return text;
}

function costsTable({ measured, job, run, fire, request }) {
  const rows = [
    ['', 'service, µs', 'Postgres, µs', 'Redis, µs', 'bytes'],
    ['a registered job, idle', '0', '0', '0', `${number(job.bytes)} on disk`],
    ['a fire: planned', number(fire.schedulerMicros), 'below', '', ''],
    [
      'a fire: delivered',
      number(fire.workerMicros),
      number(fire.postgresMicros),
      number(fire.redisMicros),
      `${number(fire.walBytes)} of WAL`,
    ],
    ['a run that is kept', '', '', '', `${number(run.bytes)} on disk`],
    ...Object.entries({ read: 'GET /jobs/{id}', list: 'GET /jobs, 20 rows', create: 'POST /jobs' }).map(
      ([kind, name]) => [
        `\`${name}\``,
        ...['apiMicros', 'postgresMicros', 'redisMicros'].map((part) => number(request[kind][part])),
        '',
      ],
    ),
  ];
  return `${measured.machine}; ${measured.command}; ${measured.note}\n\n${markdown(rows)}`;
}

function limitsTable(limits, { workers, postgresCores }) {
  const names = {
    leader: 'the leader: one process plans',
    redis: 'Redis: one thread',
    workers: `${workers} workers of a core each`,
    postgres: `Postgres with ${postgresCores} cores`,
  };
  const rows = limits.map(({ part, firesPerSecond, next }) => [names[part], `${number(firesPerSecond)}`, next]);
  return markdown([['part', 'fires a second at 70 %', 'what comes next'], ...rows]);
}

function demandTable({ load, demand, shards, lived }) {
  const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  return markdown([
    ['', 'computed'],
    ['fires a second, on average', number(demand.firesPerSecond)],
    ['shards, each with a leader, a Redis and a database', number(shards)],
    ['cores of Postgres at 70 %, all shards', number(demand.postgres)],
    ['workers of a core each at 70 %', number(demand.workers)],
    ['replicas that serve the API', number(demand.apis)],
    ['jobs on disk', bytes(demand.jobsBytes)],
    [`runs of ${load.retentionDays} days on disk`, bytes(demand.runsBytes)],
    ['WAL a second', bytes(demand.walBytesPerSecond)],
    [
      'lateness p50 / p99 / last of a whole minute',
      `${['p50', 'p99', 'max'].map((of) => number(lived.latenessMs[of])).join(' / ')} ms`,
    ],
    [
      'busy: leader, Postgres, Redis, workers',
      ['leader', 'postgres', 'redis', 'workers'].map((part) => percent(lived.busy[part])).join(', '),
    ],
  ]);
}

function validationTable(validation) {
  const rows = validation.map(({ workers, size, lastMs, computedMs }) => [
    `${number(size)} jobs due at once, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    `${number(lastMs)} ms`,
    `${number(computedMs)} ms`,
    `${(computedMs / lastMs).toFixed(2)}`,
  ]);
  return markdown([['last call on this machine', 'measured', 'computed', 'ratio'], ...rows]);
}

function number(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toFixed(1)));
}

function bytes(value) {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ]) {
    if (value >= size) return `${(value / size).toFixed(value / size < 10 ? 1 : 0)} ${unit}`;
  }
  return `${Math.round(value)} B`;
}

function markdown([head, ...rows]) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column].length)));
  const line = (cells) => `| ${cells.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}
