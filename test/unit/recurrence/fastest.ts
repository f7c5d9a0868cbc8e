/**
 * Milliseconds of the fastest of five tries. A try can be held up by whatever else the machine does; work that is too
 * slow by itself is slow every time.
 */
export function fastestMs(work: () => void): number {
  const tries = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return Math.min(...tries);
}
