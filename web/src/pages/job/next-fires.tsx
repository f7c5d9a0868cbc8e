import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { useShown } from '../../api/queries';
import { IconButton } from '../../design/button';
import { Segmented } from '../../design/fields';
import { Menu, MenuItem } from '../../design/menu';
import { ErrorNote, Panel } from '../../design/panel';
import { Badge } from '../../design/status';
import { toast, toastError } from '../../design/toast';
import { useNow } from '../../time/clock';
import { instantText, offsetOf, relativeText, weekdayOf } from '../../time/format';
import { MY_ZONE } from '../../time/zone';
import { editOccurrence, restoreOccurrence } from './edit-occurrence';
import type { Asking, Job } from './job-types';

/** The next ten, in the zone of the job and in mine; each can be moved, skipped or given another body. */
export function NextFires({
  job,
  editor,
  ask,
}: {
  job: Job;
  editor: boolean;
  ask: (asking: Asking) => void;
}): ReactNode {
  const nowMs = useNow();
  const cache = useQueryClient();
  const zone = job.schedule.timeZone;
  const [whose, setWhose] = useState<'job' | 'mine'>('job');
  const shownZone = whose === 'job' ? zone : MY_ZONE;
  // The version and the next fire are part of the key: when one changes, so may all that follow.
  const next = useShown(
    ['job', job.id, 'occurrences', job.version, job.nextRunAt],
    (signal) => api().listOccurrences({ id: job.id, count: 10 }, { signal }),
    { keep: true, pollMs: false },
  );
  const refresh = () => cache.invalidateQueries({ queryKey: ['job', job.id] });
  const skip = async (scheduledFor: string) => {
    await editOccurrence(job.id, scheduledFor, { action: 'skip' });
    await refresh();
    toast('It will be skipped.', {
      undo: () => void restoreOccurrence(job.id, scheduledFor).then(refresh).catch(toastError),
    });
  };
  const occurrences = next.data?.occurrences ?? [];
  let before: string | undefined;
  return (
    <Panel
      title="Next ten"
      note={shownZone}
      actions={
        zone !== MY_ZONE && (
          <Segmented
            small
            label="Zone of the next fires"
            value={whose}
            onChange={setWhose}
            options={[
              { value: 'job', label: 'Job’s' },
              { value: 'mine', label: 'Mine' },
            ]}
          />
        )
      }
    >
      {next.error !== null && next.data === undefined ? (
        <ErrorNote error={next.error} />
      ) : (
        <ol aria-label="Next fires" className="flex min-h-80 flex-col text-sm">
          {occurrences.map(({ scheduledFor, note }) => {
            const at = Date.parse(scheduledFor);
            const offset = offsetOf(at, shownZone);
            const seam = before !== undefined && before !== offset;
            before = offset;
            return (
              <li
                key={scheduledFor}
                title={seam ? 'The clocks change between these two' : undefined}
                className={`flex h-8 items-center gap-2 border-t first:border-t-0 ${seam ? 'border-dashed border-warn' : 'border-line'}`}
              >
                <span className="hidden w-8 shrink-0 text-xs text-ink-faint sm:inline">{weekdayOf(at, shownZone)}</span>
                <time dateTime={scheduledFor} className="whitespace-nowrap">
                  {instantText(at, shownZone)}{' '}
                  <span className={`text-xs ${seam ? 'text-warn' : 'text-ink-faint'}`}>{offset}</span>
                </time>
                <span className="min-w-0 flex-1">{note !== undefined && <Badge tone="warn">{note}</Badge>}</span>
                <span className="shrink-0 text-xs text-ink-faint">{relativeText(at, nowMs)}</span>
                {editor && (
                  <Menu
                    trigger={
                      <IconButton small icon="more" label={`Actions for the fire of ${instantText(at, shownZone)}`} />
                    }
                  >
                    <MenuItem icon="move" onSelect={() => ask({ move: scheduledFor })}>
                      Move…
                    </MenuItem>
                    <MenuItem icon="edit" onSelect={() => ask({ edit: scheduledFor })}>
                      Another body…
                    </MenuItem>
                    <MenuItem icon="skip" onSelect={() => void skip(scheduledFor).catch(toastError)}>
                      Skip
                    </MenuItem>
                    <MenuItem
                      icon="undo"
                      onSelect={() => void restoreOccurrence(job.id, scheduledFor).then(refresh).catch(toastError)}
                    >
                      As the schedule has it
                    </MenuItem>
                  </Menu>
                )}
              </li>
            );
          })}
          {occurrences.length === 0 && next.data !== undefined && (
            <li className="text-ink-faint">
              {job.state === 'completed' ? 'It has fired for the last time.' : 'Nothing more is due.'}
            </li>
          )}
        </ol>
      )}
      {job.state === 'paused' && (
        <p className="mt-2 text-xs text-warn">Paused: these are skipped until it is resumed.</p>
      )}
    </Panel>
  );
}
