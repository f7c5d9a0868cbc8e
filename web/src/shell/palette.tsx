import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  useDeferredValue,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  useContext,
  type KeyboardEvent,
  type ReactNode,
} from 'react';
import { api } from '../api/client';
import { Kbd } from '../design/code';
import { Icon, type IconName } from '../design/icons';
import { ZoneContext } from '../time/zone';
import { SHORTCUTS } from './shortcuts';
import { storeTheme } from './theme';

interface Command {
  readonly id: string;
  readonly group: string;
  readonly word: string;
  readonly note?: string;
  readonly icon: IconName;
  readonly run: () => void;
}

/** Everything one can go to or do, by a few letters. */
export function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useCommands(text);
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  const chosen = commands[Math.min(at, commands.length - 1)];
  const go = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt(
        (before) => (Math.min(before, commands.length - 1) + step + commands.length) % Math.max(1, commands.length),
      );
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(chosen);
    }
  };
  useEffect(() => {
    if (chosen !== undefined) document.getElementById(`${listId}-${chosen.id}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, listId]);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={dialog}
      aria-label="Search and commands"
      onCancel={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      className="mt-[12vh] w-full max-w-xl overflow-hidden rounded-xl border border-line bg-raised p-0 shadow-pop max-sm:mt-2"
    >
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Icon name="search" className="text-ink-faint" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={chosen === undefined ? undefined : `${listId}-${chosen.id}`}
          aria-label="Search jobs, pages and commands"
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none"
          placeholder="A job, a page, something to do…"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Kbd>Esc</Kbd>
      </div>
      <ul id={listId} role="listbox" aria-label="Results" className="h-80 overflow-y-auto p-1.5">
        {commands.length === 0 && (
          <li className="px-3 py-8 text-center text-sm text-ink-soft">Nothing of that name.</li>
        )}
        {commands.map((command, index) => (
          // The keyboard is the input's.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={command.id}
            id={`${listId}-${command.id}`}
            role="option"
            aria-selected={command === chosen}
            onClick={() => go(command)}
            onMouseMove={() => setAt(index)}
            className={`flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 text-sm ${command === chosen ? 'bg-hover' : ''}`}
          >
            <Icon name={command.icon} className="text-ink-soft" />
            <span className="line">{command.word}</span>
            {command.note !== undefined && <span className="line text-xs text-ink-faint">{command.note}</span>}
            <span className="ml-auto shrink-0 text-2xs text-ink-faint">{command.group}</span>
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line px-4 py-2 text-2xs text-ink-faint max-sm:hidden">
        {SHORTCUTS.slice(1, 6).map(([keys, word]) => (
          <span key={keys}>
            <Kbd>{keys}</Kbd> {word}
          </span>
        ))}
      </div>
    </dialog>
  );
}

function useCommands(text: string): Command[] {
  const navigate = useNavigate();
  const zone = useContext(ZoneContext);
  const wanted = useDeferredValue(text.trim());
  const jobs = useQuery({
    queryKey: ['jobs', 'palette', wanted],
    queryFn: ({ signal }) => api().listJobs({ q: wanted, limit: 8 }, { signal }),
    enabled: wanted.length > 1,
    placeholderData: (previous) => previous,
    staleTime: 10_000,
  });
  const fixed = useMemo<Command[]>(() => {
    const page = (to: string, word: string, icon: IconName): Command => ({
      ...{ id: `page-${word.replace(' ', '-')}`, group: 'Page', word, icon },
      run: () => void navigate({ to: to as '/', search: {} }),
    });
    const action = (word: string, icon: IconName, run: () => void): Command => ({
      ...{ id: `do-${word.replaceAll(/\W/g, '-')}`, group: 'Do', word, icon, run },
    });
    return [
      action('Create a job', 'plus', () => void navigate({ to: '/jobs/new', search: {} })),
      page('/', 'Overview', 'overview'),
      page('/jobs', 'Jobs', 'jobs'),
      page('/runs', 'Runs', 'runs'),
      page('/runs/failed', 'Failed runs', 'failed'),
      page('/calendars', 'Calendars', 'calendar'),
      page('/api-keys', 'API keys', 'key'),
      page('/audit-log', 'Audit log', 'audit'),
      page('/system', 'System', 'system'),
      action('Show paused jobs', 'pause', () => void navigate({ to: '/jobs', search: { state: 'paused' } })),
      action('Times in the job’s zone', 'clock', () => zone.set('job')),
      action('Times in my zone', 'clock', () => zone.set('mine')),
      action('Times in UTC', 'clock', () => zone.set('utc')),
      action('Look: light', 'sun', () => storeTheme('light')),
      action('Look: dark', 'moon', () => storeTheme('dark')),
      action('Look: as the system', 'screen', () => storeTheme('system')),
      action('API reference', 'question', () => location.assign('/docs')),
    ];
  }, [navigate, zone]);
  const lower = text.trim().toLowerCase();
  const found = (wanted.length > 1 ? (jobs.data?.data ?? []) : []).map((job): Command => ({
    ...{ id: `job-${job.id}`, group: 'Job', word: job.name, note: job.scheduleText, icon: 'jobs' },
    run: () => void navigate({ to: '/jobs/$jobId', params: { jobId: job.id }, search: {} }),
  }));
  const matching = fixed.filter(({ word }) => lower === '' || word.toLowerCase().includes(lower));
  if (lower !== '') {
    matching.push({
      ...{ id: 'search-jobs', group: 'Jobs', word: `Search jobs for “${text.trim()}”`, icon: 'search' },
      run: () => void navigate({ to: '/jobs', search: { q: text.trim() } }),
    });
  }
  return [...matching.slice(0, lower === '' ? 20 : 5), ...found];
}
