import {
  formatTraceparent,
  parseTraceparent,
  spanIdOfRun,
  traceIdOfRun,
} from '../../../src/platform/tracing/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceparent', () => {
  test.each([
    ['sampled', `00-${TRACE}-${SPAN}-01`, true],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, false],
    ['with flags that are not known', `00-${TRACE}-${SPAN}-03`, true],
    ['of a version to come, with more', `01-${TRACE}-${SPAN}-01-what-ever`, true],
  ])('%s', (_what, text, sampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  test.each([
    ['nothing', ''],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
    ['too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['what goes into a header line', `00-${TRACE}-${SPAN}-01\r\nx: y`],
  ])('is none: %s', (_what, text) => {
    expect(parseTraceparent(text)).toBeNull();
  });

  it('is written as it was read', () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    expect(formatTraceparent(parseTraceparent(text)!)).toBe(text);
  });
});

it('gives a run the trace of its id, and a span in it that all replicas know', () => {
  const id = '019eb167-5600-7a16-baf7-5c55017786bb';
  expect(traceIdOfRun(id)).toBe('019eb16756007a16baf75c55017786bb');
  expect(spanIdOfRun(id)).toBe('baf75c55017786bb');
});
