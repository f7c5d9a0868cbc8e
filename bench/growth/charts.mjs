// Which curves are drawn of the numbers in growth.json.

const X = {
  replicas: { label: 'replicas on one machine' },
  jobs: { label: 'registered jobs', log: true },
  runs: { label: 'runs kept', log: true },
};
const CHARTS = [
  {
    part: 'replicas',
    file: 'replicas-delivery.svg',
    title: 'A herd of 5,000 through more replicas',
    names: ['last delivery', 'lateness p50'],
    label: 'lateness',
    unit: 'ms',
  },
  { part: 'replicas', file: 'replicas-cpu.svg', title: 'CPU of a fire by replicas', names: /^CPU of a fire, / },
  { part: 'jobs', file: 'jobs-fire.svg', title: 'CPU of a fire by registered jobs', names: /^CPU of a fire, / },
  {
    part: 'jobs',
    file: 'jobs-list.svg',
    title: 'Reading jobs by registered jobs, nothing cached',
    names: /^GET /,
    label: 'latency p50',
    unit: 'ms',
  },
  { part: 'runs', file: 'runs-fire.svg', title: 'CPU of a fire by runs kept', names: /^CPU of a fire, / },
  {
    part: 'runs',
    file: 'runs-list.svg',
    title: 'Reading runs by runs kept',
    names: /^GET /,
    label: 'latency p50',
    unit: 'ms',
  },
];

/** Of the parts that `kept` has numbers of. */
export function charts(kept) {
  return CHARTS.filter(({ part }) => kept[part] !== undefined).map(({ part, file, title, names, label, unit }) => {
    const { figures, machine, repeat } = kept[part];
    const all = Object.keys(figures[0]).filter((name) => name !== 'at');
    const chosen = all.filter((name) => (Array.isArray(names) ? names.includes(name) : names.test(name)));
    const series = chosen.map((name) => ({
      name: name.replace('CPU of a fire, ', ''),
      points: figures.map((figure) => [figure.at, figure[name].value]),
    }));
    const y = { label: label ?? 'CPU of a fire', unit: unit ?? 'µs' };
    return { file, chart: { title, subtitle: `${machine}; median of ${repeat}`, x: X[part], y, series } };
  });
}
