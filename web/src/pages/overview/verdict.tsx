import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Attention } from '../../api/additions';
import { api, call, isMissing } from '../../api/client';
import { Icon, type IconName } from '../../design/icons';
import { ErrorNote, Panel, Waiting } from '../../design/panel';
import { Relative } from '../../design/time';
import { countText } from '../../time/format';
import { LATE_MS } from './timeline-lane';
import { usePeriodic } from '../../api/use-periodic';

/** Whether everything is on time and what needs somebody. A service without that tells it from its last runs. */
export function useAttention() {
  return usePeriodic(['attention'], 5_000, async (signal) => {
    try {
      return { ...(await call<Attention>('/attention', { signal })), guessed: false };
    } catch (error) {
      if (!isMissing(error)) throw error;
      return { ...(await lookAtLastRuns(signal)), guessed: true };
    }
  });
}

const LOOKED_AT = 200;

async function lookAtLastRuns(signal: AbortSignal): Promise<Attention> {
  const [{ data }, system] = await Promise.all([
    api().listRuns({ limit: LOOKED_AT }, { signal }),
    api().getSystem({}, { signal }),
  ]);
  const started = data.filter(({ latenessMs, trigger }) => latenessMs !== null && trigger === 'schedule');
  const late = started.filter(({ latenessMs }) => (latenessMs ?? 0) >= LATE_MS);
  const failing = new Map<string, { id: string; name: string; count: number; since: string | null }>();
  for (const run of data.filter(({ state }) => state === 'failed')) {
    const before = failing.get(run.jobId);
    failing.set(run.jobId, {
      ...{ id: run.jobId, name: run.jobName, count: (before?.count ?? 0) + 1 },
      since: run.finishedAt ?? before?.since ?? null,
    });
  }
  return {
    onTime: late.length === 0 && system.degraded.length === 0,
    sentence:
      started.length === 0
        ? 'Nothing has run yet.'
        : late.length === 0
          ? `The last ${countText(started.length)} runs all started on time.`
          : `${countText(late.length)} of the last ${countText(started.length)} runs started late.`,
    items: [
      ...system.degraded.map((detail) => ({ kind: 'degraded', severity: 'critical' as const, detail, since: null })),
      ...[...failing.values()].map(({ id, name, count, since }) => ({
        ...{ kind: 'jobFailing', severity: 'warning' as const, jobId: id, since },
        detail: `${name}: ${count} of the last ${LOOKED_AT} runs of the project failed here`,
      })),
    ],
  };
}

/** The one sentence. Its room is kept, so that nothing below moves when it changes. */
export function Sentence(): ReactNode {
  const { data, error } = useAttention();
  const onTime = data?.onTime ?? true;
  return (
    <p className="flex min-h-10 items-start gap-3 text-lg leading-snug sm:text-xl" role="status">
      {data === undefined ? (
        <span className={error === null ? 'shimmer mt-1.5 h-5 w-80 max-w-full' : 'text-bad'}>
          {error === null ? <span className="sr-only">Loading</span> : 'The service does not say how things stand.'}
        </span>
      ) : (
        <>
          <span
            className={`mt-0.5 inline-flex size-6 shrink-0 items-center justify-center rounded-full ${onTime ? 'bg-ok-soft text-ok' : 'bg-bad-soft text-bad'}`}
          >
            <Icon name={onTime ? 'check' : 'clock'} />
          </span>
          <span className="min-w-0 font-medium text-balance">{data.sentence}</span>
        </>
      )}
    </p>
  );
}

const SEVERITIES: Record<string, { word: string; icon: IconName; ink: string }> = {
  critical: { word: 'Critical', icon: 'failed', ink: 'text-bad' },
  warning: { word: 'Warning', icon: 'clock', ink: 'text-warn' },
  info: { word: 'For your knowledge', icon: 'question', ink: 'text-busy' },
};

export function AttentionList(): ReactNode {
  const { data, error, refetch } = useAttention();
  return (
    <Panel title="Needs attention" flush className="flex flex-col">
      {data === undefined ? (
        <div className="px-4 pb-4">
          {error === null ? <Waiting rows={5} /> : <ErrorNote error={error} retry={() => void refetch()} />}
        </div>
      ) : data.items.length === 0 ? (
        <p className="flex min-h-24 items-center gap-2 px-4 pb-4 text-sm text-ink-soft">
          <Icon name="check" className="text-ok" />
          Nothing. No job fails, nothing is overdue.
        </p>
      ) : (
        // Reached by keyboard when it scrolls.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div tabIndex={0} role="region" aria-label="What needs attention" className="max-h-80 overflow-y-auto">
          <ul className="divide-y divide-line border-t border-line">
            {data.items.map((item, index) => (
              <Item key={`${item.kind} ${item.jobId ?? item.host ?? ''} ${index}`} item={item} />
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}

function Item({ item }: { item: Attention['items'][number] }): ReactNode {
  const look = SEVERITIES[item.severity] ?? SEVERITIES['info'];
  return (
    <li className="flex items-start gap-2.5 px-4 py-2 text-sm">
      <span className={`mt-0.5 ${look?.ink ?? ''}`} title={look?.word}>
        <Icon name={look?.icon ?? 'question'} />
        <span className="sr-only">{look?.word}: </span>
      </span>
      <span className="min-w-0 flex-1 break-words">
        {item.jobId != null ? (
          <Link to="/jobs/$jobId" params={{ jobId: item.jobId }} search={{}} className="hover:underline">
            {item.detail}
          </Link>
        ) : (
          item.detail
        )}
      </span>
      {item.since !== null && (
        <span className="shrink-0 text-xs text-ink-faint">
          {item.kind === 'pauseEnds' ? '' : 'since '}
          <Relative at={item.since} />
        </span>
      )}
    </li>
  );
}

/** Degraded parts of the service, told on every look at the overview. */
export function Degraded(): ReactNode {
  const { data } = usePeriodic(['system', 'degraded'], 10_000, (signal) => api().getSystem({}, { signal }));
  if (data === undefined || data.degraded.length === 0) return null;
  return (
    <p className="rounded-md bg-warn-soft px-3 py-2 text-sm">
      <span className="font-medium text-warn">Degraded:</span> {data.degraded.join('; ')}{' '}
      <Link to="/system" className="underline">
        System
      </Link>
    </p>
  );
}
