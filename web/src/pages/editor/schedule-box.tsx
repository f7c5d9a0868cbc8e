import { useQuery } from '@tanstack/react-query';
import { useRef, type ReactNode } from 'react';
import { api, ProblemError } from '../../api/client';
import { Button } from '../../design/button';
import { Check, Field, Select, TextInput } from '../../design/fields';
import { sentence } from '../../design/panel';
import { MY_ZONE } from '../../time/zone';
import { linesOf, namesZone, ruleOf, type ScheduleDraft } from './schedule-draft';

type Fault = ProblemError['errors'][number];

const EXAMPLES = [
  'every 15 minutes',
  'every weekday at 9:00',
  'on the last Friday of every month at 17:00',
  '0 3 * * SUN',
  '@hourly',
];
const ZONES = Intl.supportedValuesOf('timeZone');

/** The one box for when: words, cron, a duration, RRULE or a date. What is wrong is marked in it. */
export function ScheduleBox({
  draft,
  onChange,
  error,
}: {
  draft: ScheduleDraft;
  onChange: (draft: ScheduleDraft) => void;
  /** What the service said about it last. */
  error: unknown;
}): ReactNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const faults = error instanceof ProblemError ? error.errors : [];
  const set = (part: Partial<ScheduleDraft>) => onChange({ ...draft, ...part });
  const lines = draft.text.split('\n').length;
  const empty = draft.text.trim() === '';
  const ownZone = linesOf(draft.text).some(namesZone);
  const first = faults[0];
  const kind = empty ? '' : KINDS[ruleOf(linesOf(draft.text)[0] ?? '').type];
  return (
    <div className="flex flex-col gap-3">
      <Field
        label="When"
        error={
          first === undefined ? (
            error instanceof ProblemError ? (
              sentence(error.problem.detail ?? '')
            ) : undefined
          ) : (
            <Faulty fault={first} text={draft.text} onTake={(text) => (set({ text }), area.current?.focus())} />
          )
        }
        hint={empty ? <Hints onTake={(text) => (set({ text }), area.current?.focus())} /> : `Read as ${kind}.`}
        noteClassName="min-h-20"
      >
        {(ids) => (
          <textarea
            {...ids}
            ref={area}
            rows={Math.max(1, lines)}
            spellCheck={false}
            autoComplete="off"
            placeholder="every weekday at 9:00"
            className="w-full resize-none rounded-lg border border-line-strong bg-surface px-3.5 py-2.5 text-lg aria-invalid:border-bad"
            value={draft.text}
            onChange={(event) => set({ text: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Time zone"
        className="max-w-xs"
        hint={ownZone ? 'The text names its zone itself.' : draft.timeZone === '' ? 'Empty: UTC' : undefined}
        error={faults.find(({ pointer }) => pointer === '/schedule/timeZone')?.detail}
      >
        {(ids) => (
          <>
            <TextInput
              {...ids}
              list="zones"
              disabled={ownZone}
              placeholder="UTC"
              value={ownZone ? '' : draft.timeZone}
              onChange={(event) => set({ timeZone: event.target.value })}
            />
            <datalist id="zones">
              {[MY_ZONE, 'UTC', ...ZONES.filter((zone) => zone !== MY_ZONE && zone !== 'UTC')].map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <More draft={draft} set={set} />
    </div>
  );
}

/** What may be written, by examples that can be pressed. */
function Hints({ onTake }: { onTake: (text: string) => void }): ReactNode {
  return (
    <span className="flex flex-col gap-1.5">
      Words, cron, a duration (PT15M), RRULE, or a date. Several lines are several rules of one schedule.
      <span className="flex flex-wrap gap-1.5" role="group" aria-label="Examples">
        {EXAMPLES.map((text) => (
          <Button key={text} small onClick={() => onTake(text)}>
            {text}
          </Button>
        ))}
      </span>
    </span>
  );
}

const KINDS: Record<string, string> = {
  cron: 'a cron expression',
  interval: 'a duration between fires',
  once: 'one date',
  rrule: 'a calendar rule (RRULE)',
  words: 'words',
};

/** The text with what is at fault underlined, what is wrong with it, and what would be taken. */
function Faulty({ fault, text, onTake }: { fault: Fault; text: string; onTake: (text: string) => void }): ReactNode {
  const line = Number(/\/anyOf\/(\d+)/.exec(fault.pointer)?.[1] ?? 0);
  const lines = linesOf(text);
  const shown = lines[line] ?? '';
  const words = fault.words;
  const from = words === undefined ? -1 : words.position - 1;
  const take = (suggestion: string) =>
    onTake(lines.map((old, index) => (index === line ? suggestion : old)).join('\n'));
  return (
    <span className="flex flex-col gap-1.5">
      {words !== undefined && shown.slice(from, from + words.text.length) === words.text && (
        <span className="font-mono text-xs text-ink-soft">
          {shown.slice(0, from)}
          <mark className="rounded-sm bg-bad-soft text-bad underline decoration-wavy underline-offset-4">
            {words.text}
          </mark>
          {shown.slice(from + words.text.length)}
        </span>
      )}
      <span>{sentence(fault.detail.replace(/; try ".*$/, ''))}</span>
      {fault.suggestions !== undefined && fault.suggestions.length > 0 && (
        <span className="flex flex-wrap items-center gap-1.5 text-ink-soft">
          Try
          {fault.suggestions.map((suggestion) => (
            <Button key={suggestion} small onClick={() => take(suggestion)}>
              {suggestion}
            </Button>
          ))}
        </span>
      )}
    </span>
  );
}

function More({ draft, set }: { draft: ScheduleDraft; set: (part: Partial<ScheduleDraft>) => void }): ReactNode {
  const calendars = useQuery({
    queryKey: ['calendars', 'names'],
    queryFn: ({ signal }) => api().listCalendars({ limit: 200 }, { signal }),
    staleTime: 60_000,
  });
  const names = [...new Set([...(calendars.data?.data ?? []).map(({ name }) => name), ...draft.exclude])];
  const used =
    [draft.startAt, draft.endAt, draft.maxRuns, draft.jitter, draft.gap, draft.overlap].some((text) => text !== '') ||
    draft.exclude.length > 0;
  return (
    <details open={used} className="text-sm">
      <summary className="text-xs font-medium text-ink-soft">Bounds, spreading, calendars and clock changes</summary>
      <div className="mt-3 grid gap-3 sm:grid-cols-2">
        <Field label="Not before" hint="A local date-time, or an instant">
          {(ids) => (
            <TextInput
              {...ids}
              placeholder="2026-12-01T00:00"
              value={draft.startAt}
              onChange={(event) => set({ startAt: event.target.value })}
            />
          )}
        </Field>
        <Field label="Not after">
          {(ids) => (
            <TextInput
              {...ids}
              placeholder="2027-12-31T23:59"
              value={draft.endAt}
              onChange={(event) => set({ endAt: event.target.value })}
            />
          )}
        </Field>
        <Field label="Runs at most" hint="Completed after so many">
          {(ids) => (
            <TextInput
              {...ids}
              inputMode="numeric"
              value={draft.maxRuns}
              onChange={(event) => set({ maxRuns: event.target.value.replace(/\D/g, '') })}
            />
          )}
        </Field>
        <Field label="Spread over" hint="Each fire is put off by up to this, always the same for the same fire">
          {(ids) => (
            <TextInput
              {...ids}
              placeholder="30s"
              value={draft.jitter}
              onChange={(event) => set({ jitter: event.target.value })}
            />
          )}
        </Field>
        <Field label="A time that the clocks leave out" hint="In spring, when 02:30 does not exist">
          {(ids) => (
            <Select
              {...ids}
              value={draft.gap}
              onChange={(event) => set({ gap: event.target.value as ScheduleDraft['gap'] })}
            >
              <option value="">Fires right after the gap</option>
              <option value="skip">Is skipped</option>
            </Select>
          )}
        </Field>
        <Field label="A time that comes twice" hint="In autumn, when 02:30 comes again">
          {(ids) => (
            <Select
              {...ids}
              value={draft.overlap}
              onChange={(event) => set({ overlap: event.target.value as ScheduleDraft['overlap'] })}
            >
              <option value="">Fires at the first</option>
              <option value="second">Fires at the second</option>
              <option value="both">Fires at both</option>
            </Select>
          )}
        </Field>
        {names.length > 0 && (
          <fieldset className="flex flex-col gap-1.5 sm:col-span-2">
            <legend className="mb-1 text-xs font-medium text-ink-soft">Not on days of these calendars</legend>
            <div className="flex flex-wrap gap-x-4 gap-y-1.5">
              {names.map((name) => (
                <Check
                  key={name}
                  label={name}
                  checked={draft.exclude.includes(name)}
                  onChange={(event) =>
                    set({
                      exclude: event.target.checked
                        ? [...draft.exclude, name]
                        : draft.exclude.filter((other) => other !== name),
                    })
                  }
                />
              ))}
            </div>
            {draft.exclude.length > 0 && (
              <Select
                aria-label="What becomes of a fire on such a day"
                className="mt-1 max-w-xs"
                value={draft.onExcluded}
                onChange={(event) => set({ onExcluded: event.target.value as ScheduleDraft['onExcluded'] })}
              >
                <option value="">Skipped</option>
                <option value="nextBusinessDay">Moved to the next free day</option>
                <option value="previousBusinessDay">Moved to the free day before</option>
              </Select>
            )}
          </fieldset>
        )}
      </div>
    </details>
  );
}
