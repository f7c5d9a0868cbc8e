/** A service has compiled its code long before it meets a hostile schedule: what is quick is tried until it is compiled too. */
const WARM_AFTER_MS = 400;

/**
 * How long this thread works at most, in milliseconds, in the cheapest of five tries or more. The clock alone would count what else
 * the machine does, and processor time alone what other threads of this process do (compiling, collecting garbage): the thread
 * takes no more than the lesser of the two. Work that is too slow by itself is slow every time.
 */
export function leastCpuMs(work: () => void): number {
  const beganAtMs = performance.now();
  let least = Infinity;
  for (let tries = 0; tries < 5 || (tries < 30 && performance.now() - beganAtMs < WARM_AFTER_MS); tries += 1) {
    const before = process.cpuUsage();
    const triedAtMs = performance.now();
    work();
    const wallMs = performance.now() - triedAtMs;
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, wallMs, (user + system) / 1_000);
  }
  return least;
}
