import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  timeoutMs?: number;
  intervalMs?: number;
}

/**
 * Looks until the state is accepted, and answers that state. The error names what was waited for and the last state
 * seen, so that a failure tells more than "timeout". A look that throws counts as not yet.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | Promise<T>,
  accepts: (state: T) => boolean = Boolean,
  { timeoutMs = 5_000, intervalMs = 20 }: WaitOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let seen: string;
    try {
      const state = await look();
      if (accepts(state)) return state;
      seen = describe(state);
    } catch (error) {
      seen = `error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() >= deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${seen}`);
    }
    await sleep(intervalMs);
  }
}

function describe(state: unknown): string {
  const asText = typeof state === 'string' ? state : ((JSON.stringify(state) as string | undefined) ?? 'undefined');
  return asText.length > 2_000 ? `${asText.slice(0, 2_000)}…` : asText;
}
