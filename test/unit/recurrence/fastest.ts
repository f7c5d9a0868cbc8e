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

/** The same in processor time of this process: for limits that a machine with much other work would break by the clock. */
export function leastCpuMs(work: () => void): number {
  const tries = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...tries);
}
