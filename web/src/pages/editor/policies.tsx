import type { ReactNode } from 'react';
import { Field, Select, TextInput } from '../../design/fields';
import { Choices } from './choices';
import type { JobDraft } from './job-draft';
import { MISFIRES } from './misfire-choices';
import { OVERLAPS } from './overlap-choices';
import { RetryPicture } from './policy-pictures';

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
