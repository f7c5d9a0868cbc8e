import { useSyncExternalStore, type ReactNode } from 'react';
import { Button, IconButton } from './button';
import { explain } from './panel';

/** Says that something was done, and lets it be undone while it stands. */
interface Toast {
  readonly id: number;
  readonly text: ReactNode;
  readonly tone: 'done' | 'bad';
  readonly undo?: () => void;
}

const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let lastId = 0;

function change(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((tell) => tell());
}

export const UNDO_MS = 8_000;

export function toast(text: ReactNode, options: { undo?: () => void; tone?: 'done' | 'bad' } = {}): number {
  lastId += 1;
  const id = lastId;
  change([...toasts.slice(-2), { id, text, tone: options.tone ?? 'done', undo: options.undo }]);
  setTimeout(() => dismiss(id), options.undo !== undefined || options.tone === 'bad' ? UNDO_MS : 4_000);
  return id;
}

export function toastError(error: unknown): void {
  const { title, advice } = explain(error);
  toast(`${title} ${advice}`, { tone: 'bad' });
}

export function dismiss(id: number): void {
  change(toasts.filter((toast) => toast.id !== id));
}

export function Toasts(): ReactNode {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4"
    >
      {shown.map(({ id, text, tone, undo }) => (
        <div
          key={id}
          className="pointer-events-auto flex max-w-xl min-w-0 animate-[appear_150ms_ease-out] items-center gap-2 rounded-lg border border-line bg-raised py-1.5 pr-1.5 pl-4 text-sm shadow-pop"
        >
          <span className={`min-w-0 break-words ${tone === 'bad' ? 'text-bad' : ''}`}>{text}</span>
          {undo !== undefined && (
            <Button
              small
              icon="undo"
              onClick={() => {
                dismiss(id);
                undo();
              }}
            >
              Undo
            </Button>
          )}
          <IconButton icon="close" label="Dismiss" small onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
