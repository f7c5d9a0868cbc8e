import { Link } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode } from 'react';
import { Icon, type IconName } from '../design/icons';

const PLACES: readonly (readonly { to: string; word: string; icon: IconName; exact?: boolean }[])[] = [
  [
    { to: '/', word: 'Overview', icon: 'overview', exact: true },
    { to: '/jobs', word: 'Jobs', icon: 'jobs' },
    { to: '/runs', word: 'Runs', icon: 'runs', exact: true },
    { to: '/runs/failed', word: 'Failed runs', icon: 'failed' },
  ],
  [
    { to: '/calendars', word: 'Calendars', icon: 'calendar' },
    { to: '/api-keys', word: 'API keys', icon: 'key' },
    { to: '/audit-log', word: 'Audit log', icon: 'audit' },
    { to: '/system', word: 'System', icon: 'system' },
  ],
];

export function Navigation({ onGo }: { onGo?: () => void }): ReactNode {
  return (
    <>
      <Link
        to="/"
        search={{}}
        className="flex h-12 items-center gap-2 px-4 text-base font-semibold tracking-tight"
        onClick={onGo}
      >
        <Bell />
        Carillon
      </Link>
      <nav aria-label="Pages" className="flex flex-1 flex-col gap-4 overflow-y-auto px-2 pt-1">
        {PLACES.map((group, index) => (
          <ul key={index} className="flex flex-col gap-0.5">
            {group.map(({ to, word, icon, exact }) => (
              <li key={to}>
                <Link
                  to={to as '/'}
                  search={{}}
                  activeOptions={{ exact: exact === true, includeSearch: false }}
                  onClick={onGo}
                  className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm text-ink-soft hover:bg-hover hover:text-ink"
                  activeProps={{ className: 'bg-surface text-ink font-medium shadow-card ring-1 ring-line' }}
                >
                  <Icon name={icon} />
                  {word}
                </Link>
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <div className="flex flex-col gap-0.5 px-2 py-3 text-xs">
        <a href="/docs" className="rounded-md px-2 py-1 text-ink-soft hover:bg-hover hover:text-ink">
          API reference
        </a>
      </div>
    </>
  );
}

/** The pages on narrow screens. */
export function Drawer({ onClose }: { onClose: () => void }): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (ref.current?.open === false) ref.current.showModal();
  }, []);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={ref}
      aria-label="Menu"
      onCancel={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
      className="m-0 h-dvh max-h-none w-60 max-w-[85vw] border-r border-line bg-sunken p-0 open:flex open:flex-col"
    >
      <Navigation onGo={onClose} />
    </dialog>
  );
}

export function Bell(): ReactNode {
  return (
    <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" className="text-[#b5802d] dark:text-[#e9b872]">
      <path
        fill="currentColor"
        d="M8 1.6c-2.7 0-4.1 2-4.1 4.7 0 2.9-.9 4-1.7 4.8h11.6c-.8-.8-1.7-1.9-1.7-4.8 0-2.7-1.4-4.7-4.1-4.7ZM6.4 12.4a1.6 1.6 0 0 0 3.2 0Z"
      />
    </svg>
  );
}
