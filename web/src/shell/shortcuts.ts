import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

export const SHORTCUTS = [
  ['⌘K or Ctrl K', 'Search and commands'],
  ['/', 'Search on this page, or everywhere'],
  ['c', 'Create a job'],
  ['g o', 'Overview'],
  ['g j', 'Jobs'],
  ['g r', 'Runs'],
  ['g f', 'Failed runs'],
  ['j k', 'Down and up in a list'],
  ['x', 'Select in a list'],
  ['Enter', 'Open'],
  ['Esc', 'Close, or clear the selection'],
] as const;

const PLACES = {
  o: '/',
  j: '/jobs',
  r: '/runs',
  f: '/runs/failed',
  c: '/calendars',
  k: '/api-keys',
  a: '/audit-log',
  s: '/system',
};

export function useShortcuts(openPalette: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goingUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      if (performance.now() < goingUntil) {
        goingUntil = 0;
        const place = PLACES[event.key as keyof typeof PLACES];
        if (place !== undefined) void navigate({ to: place as '/', search: {} });
      } else if (event.key === 'g') goingUntil = performance.now() + 1_200;
      else if (event.key === '/') {
        event.preventDefault();
        const box = document.querySelector<HTMLInputElement>('[data-page-search]');
        if (box === null) openPalette();
        else box.select();
      } else if (event.key === 'c') void navigate({ to: '/jobs/new', search: {} });
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, openPalette]);
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    (target as HTMLInputElement).type !== 'checkbox'
  );
}
