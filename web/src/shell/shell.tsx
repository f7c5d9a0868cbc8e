import { Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import { isRefused } from '../api/client';
import { queries, useWhoAmI } from '../api/queries';
import { IconButton } from '../design/button';
import { loadFloats } from '../design/menu';
import { ErrorNote } from '../design/panel';
import { Toasts } from '../design/toast';
import { startLive } from '../live/live';
import { useSession } from '../session/session';
import { ZoneContext, type ZoneChoice } from '../time/zone';
import { Drawer, Navigation } from './navigation';
import { LiveMark, ZoneSwitch } from './switches';
import { useShortcuts } from './shortcuts';
import { Account } from './account';

/** Not needed to see the first page. */
const loadPalette = async () => ({ default: (await import('./palette')).Palette });
const Palette = lazy(loadPalette);
const SignIn = lazy(async () => ({ default: (await import('../session/sign-in')).SignIn }));

const ZONE_STORED_AS = 'carillon.zone';

/** What stands around every page. */
export function Shell(): ReactNode {
  const returned = useReturn();
  const { key } = useSession();
  const me = useWhoAmI(returned.done);
  const [choice, setChoice] = useState<ZoneChoice>(() => storedZone());
  const set = (next: ZoneChoice) => {
    localStorage.setItem(ZONE_STORED_AS, next);
    setChoice(next);
  };
  if (isRefused(me.error, 401))
    return (
      <Suspense>
        <SignIn problem={returned.problem} />
      </Suspense>
    );
  return (
    <ZoneContext value={{ choice, set }}>
      <Frame signedIn={me.data !== undefined} key={key ?? 'open'}>
        {me.data !== undefined ? (
          <Outlet />
        ) : me.error !== null ? (
          <div className="p-6">
            <ErrorNote error={me.error} retry={() => void me.refetch()} />
          </div>
        ) : null}
      </Frame>
    </ZoneContext>
  );
}

function Frame({ signedIn, children }: { signedIn: boolean; children: ReactNode }): ReactNode {
  const [palette, setPalette] = useState(false);
  const [menu, setMenu] = useState(false);
  const main = useRef<HTMLElement>(null);
  useShortcuts(() => setPalette(true));
  useEffect(() => (signedIn ? startLive(queries) : undefined), [signedIn]);
  useArrival(main);
  // Once the page stands, so that the first letters typed into it are not lost.
  useEffect(() => {
    // While the service is away they can't be had; whoever opens one asks again.
    const timer = setTimeout(() => void Promise.all([loadPalette(), loadFloats()]).catch(() => undefined), 500);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="flex min-h-dvh">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-action px-3 py-2 text-action-ink focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <aside className="sticky top-0 hidden h-dvh w-52 shrink-0 flex-col border-r border-line bg-sunken lg:flex">
        <Navigation />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-canvas px-3 sm:px-6">
          <IconButton icon="menu" label="Menu" className="-ml-1 lg:hidden" onClick={() => setMenu(true)} />
          <SearchButton onClick={() => setPalette(true)} />
          <div className="flex-1" />
          <LiveMark />
          <ZoneSwitch />
          <Account />
        </header>
        <main id="main" ref={main} tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
          {children}
        </main>
      </div>
      {menu && <Drawer onClose={() => setMenu(false)} />}
      {palette && (
        <Suspense>
          <Palette onClose={() => setPalette(false)} />
        </Suspense>
      )}
      <Toasts />
    </div>
  );
}

function SearchButton({ onClick }: { onClick: () => void }): ReactNode {
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex h-8 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-sm text-ink-faint hover:border-line-strong sm:w-72"
    >
      <svg
        viewBox="0 0 16 16"
        width="14"
        height="14"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3 13.5 13.5" />
      </svg>
      <span className="flex-1 text-left max-sm:sr-only">Search or do…</span>
      <kbd className="font-sans text-2xs text-ink-faint max-sm:hidden">
        {/Mac|iP/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}
      </kbd>
    </button>
  );
}

/** A page that was gone to: the title says where one is, and readers start at its top. */
function useArrival(main: RefObject<HTMLElement | null>): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    const title = () => {
      const heading = main.current?.querySelector('h1')?.textContent ?? '';
      document.title = heading === '' ? 'Carillon' : `${heading} · Carillon`;
    };
    title();
    const observer = new MutationObserver(title);
    if (main.current !== null) observer.observe(main.current, { childList: true, subtree: true, characterData: true });
    if (before.current !== undefined && before.current !== path) main.current?.focus({ preventScroll: true });
    before.current = path;
    return () => observer.disconnect();
  }, [path, main]);
}

/** Back from the provider: its answer is in the address, and is taken out of it. */
function useReturn(): { done: boolean; problem: string | null } {
  const [state, setState] = useState(() => ({
    done: !/[?&](code|error)=/.test(location.search),
    problem: null as string | null,
  }));
  useEffect(() => {
    if (state.done) return;
    void import('../session/oidc')
      .then(({ returnFromProvider }) => returnFromProvider())
      .then((problem) => setState({ done: true, problem }));
  }, [state.done]);
  return state;
}

function storedZone(): ZoneChoice {
  const stored = localStorage.getItem(ZONE_STORED_AS);
  return stored === 'mine' || stored === 'utc' ? stored : 'job';
}
