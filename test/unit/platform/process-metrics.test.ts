import { Metrics } from '../../../src/platform/metrics.js';

test('how busy the event loop is comes without a timer that wakes an idle process', async () => {
  const text = await new Metrics().registry.metrics();
  expect(text).not.toMatch(/nodejs_eventloop_lag_(min|max|mean|stddev|p50|p90|p99)_seconds/);
  const active = (): number => performance.eventLoopUtilization().active / 1_000;
  const shown = Number(/^carillon_event_loop_active_seconds_total (\S+)$/m.exec(text)?.[1]);
  expect(shown).toBeGreaterThan(0);
  expect(shown).toBeLessThanOrEqual(active());
});
