import type { ReactNode } from 'react';
import { ConnectionError, isMissing, ProblemError } from '../api/client';
import { Button } from './button';
import { Icon } from './icons';

/** A page: its title is what the browser's tab and the reader's ear get. */
export function Page({
  title,
  above,
  actions,
  subtitle,
  wide = false,
  children,
}: {
  title: ReactNode;
  above?: ReactNode;
  actions?: ReactNode;
  subtitle?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}): ReactNode {
  return (
    <div
      className={`mx-auto flex w-full min-w-0 flex-1 flex-col gap-4 px-4 py-4 sm:px-6 sm:py-5 ${wide ? '' : 'max-w-[120rem]'}`}
    >
      <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-64">
          {above}
          <h1 className="text-xl font-semibold break-words">{title}</h1>
          {subtitle !== undefined && <div className="mt-0.5 text-sm text-ink-soft">{subtitle}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Panel({
  title,
  actions,
  note,
  children,
  flush = false,
  className = '',
}: {
  title?: ReactNode;
  actions?: ReactNode;
  note?: ReactNode;
  children: ReactNode;
  /** The content goes to the edges (tables, charts). */
  flush?: boolean;
  className?: string;
}): ReactNode {
  return (
    <section className={`min-w-0 rounded-lg border border-line bg-surface shadow-card ${className}`}>
      {(title !== undefined || actions !== undefined) && (
        <div className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 px-4 py-1.5">
          <div className="flex min-w-0 items-baseline gap-2">
            {title !== undefined && <h2 className="text-sm font-semibold">{title}</h2>}
            {note !== undefined && <span className="text-xs text-ink-faint">{note}</span>}
          </div>
          {actions !== undefined && <div className="flex items-center gap-1.5">{actions}</div>}
        </div>
      )}
      <div className={flush ? '' : `px-4 pb-4 ${title === undefined ? 'pt-4' : 'pt-1'}`}>{children}</div>
    </section>
  );
}

export function EmptyState({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}): ReactNode {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-10 text-center">
      <h3 className="text-base font-semibold">{title}</h3>
      {children !== undefined && <div className="max-w-md text-sm text-ink-soft">{children}</div>}
      {action !== undefined && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** What went wrong and what to do about it. */
export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }): ReactNode {
  const { title, advice } = explain(error);
  return (
    <div
      role="alert"
      className="flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md border border-line bg-bad-soft px-3 py-2.5 text-sm"
    >
      <Icon name="failed" className="mt-0.5 text-bad" />
      <div className="min-w-0 flex-1">
        <p className="font-medium text-ink break-words">{title}</p>
        {advice !== '' && <p className="text-ink-soft break-words">{advice}</p>}
      </div>
      {retry !== undefined && (
        <Button small onClick={retry} icon="retry">
          Try again
        </Button>
      )}
    </div>
  );
}

export function explain(error: unknown): { title: string; advice: string } {
  if (error instanceof ConnectionError) {
    return {
      title: 'The service does not answer.',
      advice: 'This page tries again by itself. Check that Carillon is running and that you are online.',
    };
  }
  if (isMissing(error)) {
    return {
      title: 'This service does not have that yet.',
      advice: 'It is of an older version than this page: reload after the upgrade.',
    };
  }
  if (!(error instanceof ProblemError)) return { title: 'Something went wrong on this page.', advice: String(error) };
  const detail = sentence(error.problem.detail ?? error.problem.title ?? `The service answered ${error.status}`);
  const faults = error.errors.map(
    ({ pointer, detail }) => `${pointer.replace(/^\//, '').replaceAll('/', ' › ')}: ${detail}`,
  );
  const request = error.requestId === null ? '' : ` Request ${error.requestId}.`;
  switch (error.status) {
    case 401:
      return { title: 'This key is not valid any more.', advice: 'Sign in again.' };
    case 403:
      return {
        title: 'Your key may not do this.',
        advice: `${detail} Ask an admin of the project for a key with the role that it needs.`,
      };
    case 409:
      return { title: detail, advice: faults.join(' · ') };
    case 412:
      return { title: 'Somebody changed it meanwhile.', advice: 'What you see is now the newest; look and try again.' };
    case 429:
      return { title: 'Too many requests.', advice: 'The limit of this key is reached; wait a moment.' };
    case 503:
      return { title: 'The service can’t answer at the moment.', advice: `${detail} This page tries again by itself.` };
    default:
      return error.status >= 500
        ? { title: 'The service failed to answer.', advice: `Its log says why.${request}` }
        : { title: detail, advice: faults.join(' · ') };
  }
}

export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}

/** Bars in the place of what is coming: as high, so that nothing jumps. */
export function Waiting({ rows = 3, height = 'h-4' }: { rows?: number; height?: string }): ReactNode {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-2.5">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={`shimmer ${height}`} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

/** Names and values, in columns that line up. */
export function Facts({ children }: { children: ReactNode }): ReactNode {
  return <dl className="grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">{children}</dl>;
}

export function Fact({ name, children }: { name: ReactNode; children: ReactNode }): ReactNode {
  return (
    <>
      <dt className="text-ink-soft">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}

/** One figure and what it is. */
export function Figure({
  label,
  children,
  note,
  tone,
}: {
  label: string;
  children: ReactNode;
  note?: ReactNode;
  tone?: string;
}): ReactNode {
  return (
    <div className="min-w-0">
      <div className="line text-xs text-ink-soft">{label}</div>
      <div className={`line text-xl font-semibold tracking-tight ${tone ?? ''}`}>{children}</div>
      {note !== undefined && <div className="line text-xs text-ink-faint">{note}</div>}
    </div>
  );
}
