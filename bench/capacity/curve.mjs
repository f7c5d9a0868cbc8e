/** Lateness by rate, as a chart for `lineChart`: the points are computed. */
export function curveOf(points, { costs, deployment }) {
  const of = (kind, member) => points.map((point) => [point.fires, Math.max(1, point[kind][member])]);
  return {
    title: `Lateness, computed: 1 leader, ${deployment.workers} workers, Postgres with ${deployment.postgresCores} cores`,
    subtitle: `by the model, on costs measured on ${costs.measured.machine}`.slice(0, 118),
    x: { label: 'fires a second' },
    y: { label: 'lateness', unit: 'ms', log: true },
    series: [
      { name: 'p99, 30 % on the minute', points: of('minutes', 'p99') },
      { name: 'p50, 30 % on the minute', points: of('minutes', 'p50') },
      { name: 'p99, evenly spread', points: of('even', 'p99') },
      { name: 'p50, evenly spread', points: of('even', 'p50') },
    ],
  };
}
