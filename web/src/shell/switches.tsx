import { useContext, type ReactNode } from 'react';
import { Segmented } from '../design/fields';
import { Mark } from '../design/status';
import { useLiveState, type LiveState } from '../live/live';
import { MY_ZONE, ZoneContext, type ZoneChoice } from '../time/zone';

const ZONES: readonly { value: ZoneChoice; label: string; title: string }[] = [
  { value: 'job', label: 'Job’s', title: 'Times in the zone of each job' },
  { value: 'mine', label: 'Mine', title: `Times in ${MY_ZONE}` },
  { value: 'utc', label: 'UTC', title: 'Times in UTC' },
];

/** In whose zone times are shown. */
export function ZoneSwitch(): ReactNode {
  const { choice, set } = useContext(ZoneContext);
  return <Segmented small label="Time zone of what is shown" value={choice} options={ZONES} onChange={set} />;
}

const LIVE: Record<LiveState, { shape: 'disc' | 'ring' | 'cross' | 'turn'; ink: string; word: string; title: string }> =
  {
    connecting: { shape: 'ring', ink: 'text-ink-faint', word: 'Connecting', title: 'Asking for live updates' },
    live: { shape: 'disc', ink: 'text-ok', word: 'Live', title: 'What happens is shown as it happens' },
    polling: { shape: 'turn', ink: 'text-ink-soft', word: 'Polling', title: 'Asked for anew every few seconds' },
    down: {
      shape: 'cross',
      ink: 'text-bad',
      word: 'No answer',
      title: 'The service does not answer; this page tries again by itself',
    },
  };

/** Whether what is shown is how things are; always as wide, so that nothing beside it moves. */
export function LiveMark(): ReactNode {
  const { shape, ink, word, title } = LIVE[useLiveState()];
  return (
    <span
      role="status"
      title={title}
      className={`flex w-4 shrink-0 items-center justify-end gap-1.5 text-xs sm:w-24 ${ink}`}
    >
      <Mark shape={shape} />
      <span className="whitespace-nowrap max-sm:sr-only">{word}</span>
    </span>
  );
}
