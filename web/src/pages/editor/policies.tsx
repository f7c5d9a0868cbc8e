import { useId, type ReactNode } from 'react';
import { Field, Select, TextInput } from '../../design/fields';
import type { Job, JobDraft } from './job-draft';

interface Props {
  readonly draft: JobDraft;
  readonly set: (part: Partial<JobDraft>) => void;
  readonly faultAt: (pointer: string) => string | undefined;
}

/** What happens when things don't go as planned. A small picture says each: time runs to the right. */
export function Policies({ draft, set, faultAt }: Props): ReactNode {
  const { retry, misfire } = draft;
  const setRetry = (part: Partial<JobDraft['retry']>) => set({ retry: { ...retry, ...part } });
  const setMisfire = (part: Partial<JobDraft['misfire']>) => set({ misfire: { ...misfire, ...part } });
  return (
    <div className="flex flex-col gap-6">
      <Choices
        legend="The run before is still going on"
        value={draft.overlap}
        options={OVERLAPS}
        onChange={(overlap) => set({ overlap })}
      />
      <div className="flex flex-col gap-3">
        <Choices
          legend="Nobody could fire it in time (the service was down)"
          value={misfire.policy}
          options={MISFIRES}
          onChange={(policy) => setMisfire({ policy })}
        />
        <div className="grid gap-3 sm:grid-cols-3">
          <Field label="Still counts as on time" error={faultAt('/misfire/grace')}>
            {(ids) => (
              <TextInput
                {...ids}
                value={misfire.grace}
                onChange={(event) => setMisfire({ grace: event.target.value })}
              />
            )}
          </Field>
          <Field label="Too old after" error={faultAt('/misfire/within')}>
            {(ids) => (
              <TextInput
                {...ids}
                value={misfire.within}
                onChange={(event) => setMisfire({ within: event.target.value })}
              />
            )}
          </Field>
          <Field label="At most" error={faultAt('/misfire/limit')}>
            {(ids) => (
              <TextInput
                {...ids}
                inputMode="numeric"
                value={misfire.limit}
                onChange={(event) => setMisfire({ limit: event.target.value })}
              />
            )}
          </Field>
        </div>
      </div>
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-1 text-sm font-medium">The target fails</legend>
        <RetryPicture maxAttempts={Number(retry.maxAttempts) || 1} backoff={retry.backoff} />
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label="Attempts in all" error={faultAt('/retry/maxAttempts')}>
            {(ids) => (
              <TextInput
                {...ids}
                inputMode="numeric"
                value={retry.maxAttempts}
                onChange={(event) => setRetry({ maxAttempts: event.target.value })}
              />
            )}
          </Field>
          <Field label="Waits">
            {(ids) => (
              <Select {...ids} value={retry.backoff} onChange={(event) => setRetry({ backoff: event.target.value })}>
                <option value="exponential">Twice as long each time</option>
                <option value="linear">A bit longer each time</option>
                <option value="fixed">Always as long</option>
              </Select>
            )}
          </Field>
          <Field label="First wait" error={faultAt('/retry/initialDelay')}>
            {(ids) => (
              <TextInput
                {...ids}
                value={retry.initialDelay}
                onChange={(event) => setRetry({ initialDelay: event.target.value })}
              />
            )}
          </Field>
          <Field label="Longest wait" error={faultAt('/retry/maxDelay')}>
            {(ids) => (
              <TextInput
                {...ids}
                value={retry.maxDelay}
                onChange={(event) => setRetry({ maxDelay: event.target.value })}
              />
            )}
          </Field>
          <Field label="Gives up after" error={faultAt('/retry/maxElapsed')}>
            {(ids) => (
              <TextInput
                {...ids}
                value={retry.maxElapsed}
                onChange={(event) => setRetry({ maxElapsed: event.target.value })}
              />
            )}
          </Field>
        </div>
      </fieldset>
    </div>
  );
}

interface Choice<Value> {
  readonly value: Value;
  readonly word: string;
  readonly text: string;
  readonly picture: ReactNode;
}

function Choices<Value extends string>({
  legend,
  value,
  options,
  onChange,
}: {
  legend: string;
  value: Value;
  options: readonly Choice<Value>[];
  onChange: (value: Value) => void;
}): ReactNode {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-2 text-sm font-medium">{legend}</legend>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(9.5rem,1fr))] gap-2">
        {options.map((option) => (
          <label
            key={option.value}
            className="flex cursor-pointer flex-col gap-1.5 rounded-lg border border-line p-3 hover:border-line-strong has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-focus"
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <svg viewBox="0 0 120 34" className="h-9 w-full" aria-hidden="true">
              {option.picture}
            </svg>
            <span className="text-sm font-medium">{option.word}</span>
            <span className="text-xs text-ink-soft">{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Due times are ticks below; runs are bars above. */
function Due({ at, missed = false }: { at: number; missed?: boolean }): ReactNode {
  return (
    <path
      d={`M${at} 29v4`}
      stroke={missed ? 'var(--ink-faint)' : 'var(--ink)'}
      strokeWidth="1.5"
      strokeDasharray={missed ? '1 1.5' : undefined}
    />
  );
}

function Bar({
  x,
  w,
  y = 18,
  look = 'ran',
}: {
  x: number;
  w: number;
  y?: number;
  look?: 'ran' | 'cut' | 'wait' | 'none' | 'bad';
}): ReactNode {
  if (look === 'wait' || look === 'none') {
    return (
      <rect
        x={x + 0.5}
        y={y + 0.5}
        width={w - 1}
        height="7"
        rx="1.5"
        fill="none"
        stroke={look === 'wait' ? 'var(--held)' : 'var(--line-strong)'}
        strokeDasharray="2 2"
      />
    );
  }
  const fill = { ran: 'var(--busy)', cut: 'var(--rest)', bad: 'var(--bad)' }[look];
  return (
    <>
      <rect x={x} y={y} width={w} height="8" rx="1.5" fill={fill} />
      {look === 'cut' && <path d={`M${x + w} ${y - 2}v12`} stroke="var(--bad)" strokeWidth="1.5" />}
      {look === 'bad' && <path d={`M${x + 2} ${y + 2}l4 4m0-4l-4 4`} stroke="var(--surface)" strokeWidth="1.2" />}
    </>
  );
}

const BASE = <path d="M0 31h120" stroke="var(--line-strong)" />;

const OVERLAPS: readonly Choice<Job['overlap']>[] = [
  {
    value: 'allow',
    word: 'Run beside it',
    text: 'Both go on at once.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={60} />
        <Bar x={10} w={75} />
        <Bar x={60} w={50} y={7} />
      </>
    ),
  },
  {
    value: 'skip',
    word: 'Skip',
    text: 'Recorded as skipped.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={60} missed />
        <Bar x={10} w={75} />
        <Bar x={60} w={50} y={7} look="none" />
      </>
    ),
  },
  {
    value: 'queueOne',
    word: 'Wait, one at most',
    text: 'The newest waits; others are skipped.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={35} missed />
        <Due at={60} />
        <Bar x={10} w={65} />
        <Bar x={60} w={15} y={7} look="wait" />
        <Bar x={77} w={40} />
      </>
    ),
  },
  {
    value: 'queueAll',
    word: 'Wait, all of them',
    text: 'One after the other.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={26} />
        <Due at={44} />
        <Bar x={10} w={40} />
        <Bar x={52} w={30} />
        <Bar x={84} w={30} />
        <Bar x={26} w={25} y={8} look="wait" />
        <Bar x={44} w={39} y={-1} look="wait" />
      </>
    ),
  },
  {
    value: 'cancelRunning',
    word: 'Cancel the old one',
    text: 'The new one takes its place.',
    picture: (
      <>
        {BASE}
        <Due at={10} />
        <Due at={60} />
        <Bar x={10} w={48} look="cut" />
        <Bar x={62} w={50} />
      </>
    ),
  },
];

const DOWN = (
  <>
    <rect x="22" y="2" width="56" height="27" fill="var(--rest-soft)" />
    <path d="M22 2v27M78 2v27" stroke="var(--line-strong)" strokeDasharray="2 2" />
  </>
);

const MISFIRES: readonly Choice<Job['misfire']['policy']>[] = [
  {
    value: 'runLast',
    word: 'Run the last one',
    text: 'One run stands for all that were missed.',
    picture: (
      <>
        {DOWN}
        {BASE}
        <Due at={10} />
        <Due at={34} missed />
        <Due at={50} missed />
        <Due at={66} />
        <Due at={104} />
        <Bar x={10} w={9} />
        <Bar x={80} w={9} />
        <Bar x={104} w={9} />
      </>
    ),
  },
  {
    value: 'runAll',
    word: 'Run all',
    text: 'Each that was missed, oldest first.',
    picture: (
      <>
        {DOWN}
        {BASE}
        <Due at={10} />
        <Due at={34} />
        <Due at={50} />
        <Due at={66} />
        <Due at={108} />
        <Bar x={10} w={9} />
        <Bar x={80} w={7} />
        <Bar x={89} w={7} />
        <Bar x={98} w={7} />
        <Bar x={108} w={9} />
      </>
    ),
  },
  {
    value: 'skip',
    word: 'Skip',
    text: 'Recorded as skipped; goes on from now.',
    picture: (
      <>
        {DOWN}
        {BASE}
        <Due at={10} />
        <Due at={34} missed />
        <Due at={50} missed />
        <Due at={66} missed />
        <Due at={104} />
        <Bar x={10} w={9} />
        <Bar x={104} w={9} />
      </>
    ),
  },
];

function RetryPicture({ maxAttempts, backoff }: { maxAttempts: number; backoff: string }): ReactNode {
  const shown = Math.min(6, maxAttempts);
  const starts: number[] = [4];
  for (let attempt = 1; attempt < shown; attempt += 1) {
    const wait = { exponential: 10 * 2 ** (attempt - 1), linear: 12 * attempt, fixed: 18 }[backoff] ?? 18;
    starts.push((starts[attempt - 1] ?? 0) + 12 + wait);
  }
  const width = (starts.at(-1) ?? 0) + 40;
  return (
    <svg viewBox={`0 0 ${width} 34`} className="h-9 max-w-full self-start" aria-hidden="true">
      <path d={`M0 31h${width}`} stroke="var(--line-strong)" />
      <Due at={4} />
      {starts.map((x, index) => (
        <Bar key={x} x={x} w={10} look={index === starts.length - 1 ? 'ran' : 'bad'} />
      ))}
    </svg>
  );
}
