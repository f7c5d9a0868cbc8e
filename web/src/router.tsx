import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { one, oneOf, parseSearch, several, stringifySearch } from './address';
import { Missing, PageFailed } from './shell/fallbacks';
import { Shell } from './shell/shell';

/** The pages. Each is a chunk of its own, loaded when it is first gone to. */
const root = createRootRoute({ component: Shell, notFoundComponent: Missing, errorComponent: PageFailed });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: (search): { span?: string } => ({ span: one(search['span']) }),
  component: lazyRouteComponent(() => import('./pages/overview/overview-page'), 'OverviewPage'),
});

export const JOB_SORTS = ['nextRunAt', '-nextRunAt', 'name', '-name', '-createdAt', 'createdAt'] as const;
export const JOB_STATES = ['active', 'paused', 'completed'] as const;
export const RUN_STATES = [
  'queued',
  'running',
  'retrying',
  'held',
  'succeeded',
  'failed',
  'cancelled',
  'skipped',
] as const;

export interface JobsSearch {
  readonly q?: string;
  readonly state?: (typeof JOB_STATES)[number];
  readonly label?: string[];
  readonly sort?: (typeof JOB_SORTS)[number];
}

export interface RunsSearch {
  readonly state?: (typeof RUN_STATES)[number];
  readonly jobId?: string;
  readonly from?: string;
  readonly to?: string;
}

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: (search): JobsSearch => ({
    q: one(search['q']),
    state: oneOf(search['state'], JOB_STATES),
    label: several(search['label']),
    sort: oneOf(search['sort'], JOB_SORTS),
  }),
  component: lazyRouteComponent(() => import('./pages/jobs/jobs-page'), 'JobsPage'),
});

const newJob = createRoute({
  getParentRoute: () => root,
  path: '/jobs/new',
  validateSearch: (search): { from?: string; schedule?: string } => ({
    from: one(search['from']),
    schedule: one(search['schedule']),
  }),
  component: lazyRouteComponent(() => import('./pages/editor/editor-page'), 'NewJobPage'),
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$jobId',
  validateSearch: (search): { tab?: string; at?: string } => ({ tab: one(search['tab']), at: one(search['at']) }),
  component: lazyRouteComponent(() => import('./pages/job/job-page'), 'JobPage'),
});

const editJob = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$jobId/edit',
  component: lazyRouteComponent(() => import('./pages/editor/editor-page'), 'EditJobPage'),
});

const runFilters = (search: Record<string, unknown>): RunsSearch => ({
  state: oneOf(search['state'], RUN_STATES),
  jobId: one(search['jobId']),
  from: one(search['from']),
  to: one(search['to']),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: runFilters,
  component: lazyRouteComponent(() => import('./pages/runs/runs-page'), 'RunsPage'),
});

const failedRuns = createRoute({
  getParentRoute: () => root,
  path: '/runs/failed',
  validateSearch: runFilters,
  component: lazyRouteComponent(() => import('./pages/runs/failed-runs-page'), 'FailedRunsPage'),
});

const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$runId',
  component: lazyRouteComponent(() => import('./pages/runs/run-page'), 'RunPage'),
});

const calendars = createRoute({
  getParentRoute: () => root,
  path: '/calendars',
  component: lazyRouteComponent(() => import('./pages/calendars/calendars-page'), 'CalendarsPage'),
});

const calendar = createRoute({
  getParentRoute: () => root,
  path: '/calendars/$calendarId',
  component: lazyRouteComponent(() => import('./pages/calendars/calendar-page'), 'CalendarPage'),
});

const apiKeys = createRoute({
  getParentRoute: () => root,
  path: '/api-keys',
  component: lazyRouteComponent(() => import('./pages/api-keys/api-keys-page'), 'ApiKeysPage'),
});

const auditLog = createRoute({
  getParentRoute: () => root,
  path: '/audit-log',
  validateSearch: (search): { thingId?: string; actorId?: string; from?: string; to?: string } => ({
    thingId: one(search['thingId']),
    actorId: one(search['actorId']),
    from: one(search['from']),
    to: one(search['to']),
  }),
  component: lazyRouteComponent(() => import('./pages/audit-log/audit-log-page'), 'AuditLogPage'),
});

const system = createRoute({
  getParentRoute: () => root,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/system/system-page'), 'SystemPage'),
});

/** Where a provider sends people back to; what it says is read before any page is (see oidc.ts). */
const signedIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  beforeLoad: () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (!/[?&](code|error)=/.test(location.search)) throw redirect({ to: '/', search: {} });
  },
});

export const router = createRouter({
  basepath: '/ui',
  // prettier-ignore
  routeTree: root.addChildren([
    overview, jobs, newJob, job, editJob, runs, failedRuns, run, calendars, calendar, apiKeys, auditLog, system, signedIn,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
  // The shell keeps its place while a page comes; a page shows its own bars.
  defaultPendingMs: 300,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
