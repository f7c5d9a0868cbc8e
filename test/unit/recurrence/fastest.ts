/**
 * Processor time of this process, in milliseconds, of the cheapest of five tries. The clock would count what else the machine
 * does, and a try may meet a collection of garbage; work that is too slow by itself is slow every time.
 */
export function leastCpuMs(work: () => void): number {
  const tries = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...tries);
}
