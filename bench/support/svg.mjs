// Curves as SVG files that stand alone, readable on light and dark pages. Pure: figures in, text out.

const WIDTH = 760;
const HEIGHT = 380;
const PLOT = { left: 74, right: 560, top: 56, bottom: 318 };
const LEAST_LABEL_DISTANCE = 16;
/** Of each series its colours on a light and on a dark page, and its dashes, so that colour is not all that tells them apart. */
const LOOKS = [
  { light: '#0b62c4', dark: '#6db3ff', dash: '' },
  { light: '#b3410e', dark: '#ff9d6b', dash: '7 4' },
  { light: '#1a7f4b', dark: '#5fd39b', dash: '2 4' },
  { light: '#7a3fb0', dark: '#c79bf2', dash: '10 4 2 4' },
  { light: '#8a6d00', dark: '#e6c84c', dash: '4 2' },
];

/**
 * A chart of curves. `x`, `y`: `{ label, unit?, log? }`, where `log` spaces powers of ten evenly; y begins at 0 unless `log`.
 * `series`: `[{ name, points: [[x, y], …] }]`, of which at least one has a point; on a `log` axis all values are above 0.
 */
export function lineChart({ title, subtitle = '', x, y, series }) {
  const points = series.flatMap(({ points: own }) => own);
  if (points.length === 0) throw new RangeError('a chart needs a point');
  const across = axis(
    x,
    points.map(([value]) => value),
    [PLOT.left, PLOT.right],
    { fromZero: false },
  );
  const up = axis(
    y,
    points.map(([, value]) => value),
    [PLOT.bottom, PLOT.top],
    { fromZero: true },
  );
  const labels = placed(series.map(({ points: own }) => (own.length === 0 ? PLOT.bottom : up.at(own.at(-1)[1]))));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(described({ x, y, series }))}</desc>`,
    `<style>${style(series.length)}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="16" y="24">${escaped(title)}</text>`,
    `<text class="small" x="16" y="42">${escaped(subtitle)}</text>`,
    ...up.ticks.map(
      (tick) =>
        `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${round(up.at(tick))}" y2="${round(up.at(tick))}"/>` +
        `<text class="small" text-anchor="end" x="${PLOT.left - 8}" y="${round(up.at(tick) + 4)}">${shownTick(tick)}</text>`,
    ),
    ...across.ticks.map(
      (tick) =>
        `<line class="axis" x1="${round(across.at(tick))}" x2="${round(across.at(tick))}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 5}"/>` +
        `<text class="small" text-anchor="middle" x="${round(across.at(tick))}" y="${PLOT.bottom + 20}">${shownTick(tick)}</text>`,
    ),
    `<line class="axis" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>`,
    `<text class="label" text-anchor="middle" x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 44}">${escaped(named(x))}</text>`,
    `<text class="label" text-anchor="middle" transform="translate(20 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)">${escaped(named(y))}</text>`,
    ...series.map(({ name, points: own }, n) => {
      const path = own
        .map(([px, py], at) => `${at === 0 ? 'M' : 'L'}${round(across.at(px))} ${round(up.at(py))}`)
        .join('');
      const dots = own.map(
        ([px, py]) => `<circle class="dot s${n}" cx="${round(across.at(px))}" cy="${round(up.at(py))}" r="3.5"/>`,
      );
      return (
        `<path class="line s${n}" d="${path}"/>${dots.join('')}` +
        `<text class="name n${n}" x="${PLOT.right + 12}" y="${round(labels[n] + 4)}">${escaped(name)}</text>`
      );
    }),
    '</svg>',
  ].join('\n')}\n`;
}

/** Ticks and where values lie between two ends (in pixels). */
export function axis({ log = false }, values, [start, end], { fromZero }) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (log) {
    const from = Math.floor(Math.log10(least) + 1e-9);
    const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
    const ticks = Array.from({ length: to - from + 1 }, (_, n) => 10 ** (from + n));
    return { ticks, at: (value) => start + ((Math.log10(value) - from) / (to - from)) * (end - start) };
  }
  const step = niceStep((fromZero ? most : most - least) / 5);
  const from = fromZero ? 0 : Math.floor(least / step) * step;
  const to = Math.max(from + step, Math.ceil(most / step - 1e-9) * step);
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, n) =>
    Number((from + n * step).toPrecision(12)),
  );
  return { ticks, at: (value) => start + ((value - from) / (to - from)) * (end - start) };
}

/** 1, 2 or 5 times a power of ten, at or above what is asked. */
function niceStep(asked) {
  if (!(asked > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(asked));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= asked * (1 - 1e-9));
}

/** Heights of labels, moved apart downwards, and up again where they would leave the chart. */
function placed(heights) {
  const order = heights.map((height, n) => ({ height, n })).sort((a, b) => a.height - b.height);
  for (let n = 1; n < order.length; n += 1) {
    order[n].height = Math.max(order[n].height, order[n - 1].height + LEAST_LABEL_DISTANCE);
  }
  const over = Math.max(0, (order.at(-1)?.height ?? 0) - (PLOT.bottom + 8));
  const result = new Array(heights.length);
  for (const { height, n } of order) result[n] = height - over;
  return result;
}

function style(count) {
  const looks = LOOKS.slice(0, Math.max(1, count));
  const lines = (shade) =>
    looks.map((look, n) => `.s${n}{stroke:${look[shade]}}.dot.s${n},.n${n}{fill:${look[shade]}}`).join('');
  const shade = (page, ink, grid) =>
    `.page{fill:${page}}.title,.label,.small{fill:${ink}}.axis{stroke:${ink}}.grid{stroke:${grid}}`;
  return (
    `text{font-family:system-ui,sans-serif}.title{font-size:16px;font-weight:600}.label{font-size:13px}.small{font-size:12px}` +
    `.name{font-size:12px;font-weight:600}.line{fill:none;stroke-width:2}.dot{stroke:none}` +
    looks.map(({ dash }, n) => (dash === '' ? '' : `.line.s${n}{stroke-dasharray:${dash}}`)).join('') +
    `${shade('#ffffff', '#24292f', '#d8dee4')}${lines('light')}` +
    `@media (prefers-color-scheme:dark){${shade('#0d1117', '#e6edf3', '#30363d')}${lines('dark')}}`
  );
}

function described({ x, y, series }) {
  const curve = ({ name, points }) =>
    `${name}: ${points.map(([px, py]) => `${shownTick(px)}: ${shownTick(py)}`).join('; ')}`;
  return `${named(y)} by ${named(x)}. ${series.map(curve).join('. ')}`;
}

function named({ label, unit }) {
  return unit === undefined ? label : `${label}, ${unit}`;
}

function shownTick(value) {
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))} M`;
  if (value >= 10_000) return `${Number((value / 1_000).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

function round(pixels) {
  return Number(pixels.toFixed(1));
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
