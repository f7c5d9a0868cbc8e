import { useSyncExternalStore } from 'react';

/** One clock for the whole page, so that countdowns tick together. It follows the service's clock once it is known. */
const listeners = new Set<() => void>();
let skewMs = 0;
let nowMs = Date.now();
let timer: ReturnType<typeof setTimeout> | undefined;

export function now(): number {
  return Date.now() + skewMs;
}

/** From the `Date` header or any instant the service says is now. */
export function setServerNow(serverMs: number): void {
  const next = serverMs - Date.now();
  // `Date` has whole seconds: what is below that is not a difference.
  skewMs = Math.abs(next) < 2_000 ? 0 : next;
}

/** The present second; the component renders anew with each. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, snapshot);
}

function snapshot(): number {
  return nowMs;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  nowMs = now();
  if (timer === undefined) tick();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}

function tick(): void {
  nowMs = now();
  listeners.forEach((tell) => tell());
  timer = setTimeout(tick, 1_000 - (nowMs % 1_000) + 5);
}
