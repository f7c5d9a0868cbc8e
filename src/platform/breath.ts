import { setImmediate } from 'node:timers/promises';

/** How long a loop may keep the process from all else: a due slot waits no longer for it. */
const LONGEST_MS = 10;

/** For long loops: `await breath()` in each turn lets other work in once enough time has passed. */
export function newBreath(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < LONGEST_MS) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
