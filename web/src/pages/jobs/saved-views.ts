import { useState } from 'react';
import type { JobsSearch } from '../../router';

/** Filters that are looked at again and again, by name, in this browser. No secret is among them. */
export interface SavedView {
  readonly name: string;
  readonly search: JobsSearch;
}

const STORED_AS = 'carillon.views.jobs';

export interface SavedViews {
  readonly views: readonly SavedView[];
  readonly save: (name: string, search: JobsSearch) => void;
  readonly remove: (name: string) => void;
}

export function useSavedViews(): SavedViews {
  const [views, setViews] = useState(read);
  const store = (next: readonly SavedView[]) => {
    localStorage.setItem(STORED_AS, JSON.stringify(next));
    setViews(next);
  };
  return {
    views,
    save: (name, search) => store([...views.filter((view) => view.name !== name), { name, search }]),
    remove: (name) => store(views.filter((view) => view.name !== name)),
  };
}

function read(): readonly SavedView[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED_AS) ?? '[]');
    return Array.isArray(stored) ? (stored as SavedView[]) : [];
  } catch {
    return [];
  }
}
