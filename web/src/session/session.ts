import { useSyncExternalStore } from 'react';

/** Who is at the keyboard. A key lives in the tab (`sessionStorage`) and goes with it; nothing is kept beyond. */
export interface Session {
  /** An API key, or the access token of a provider; null where the service is open. */
  readonly key: string | null;
  /** Project that the root key acts in; null for the key's own. */
  readonly project: string | null;
}

const STORED_AS = 'carillon.session';
const NOBODY: Session = { key: null, project: null };
const listeners = new Set<() => void>();
let current = read();

export function session(): Session {
  return current;
}

export function signIn(next: Partial<Session>): void {
  current = { ...current, ...next };
  sessionStorage.setItem(STORED_AS, JSON.stringify(current));
  listeners.forEach((tell) => tell());
}

export function signOut(): void {
  current = NOBODY;
  sessionStorage.removeItem(STORED_AS);
  listeners.forEach((tell) => tell());
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, session);
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): Session {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORED_AS) ?? 'null') as Partial<Session> | null;
    return { ...NOBODY, ...stored };
  } catch {
    return NOBODY;
  }
}
