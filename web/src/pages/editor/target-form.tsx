import { useRef, useState, type ReactNode } from 'react';
import type { TargetTest } from '../../api/additions';
import { call, isMissing } from '../../api/client';
import { Button, IconButton } from '../../design/button';
import { Code } from '../../design/code';
import { Check, Field, Select, TextArea, TextInput } from '../../design/fields';
import { ErrorNote } from '../../design/panel';
import { Mark } from '../../design/status';
import { durationText } from '../../time/format';
import { FieldError, MASKED, newHeader, targetOf, type AuthType, type JobDraft } from './job-draft';

const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const TEMPLATES = [
  ['{{scheduledFor}}', 'the due time'],
  ['{{runId}}', 'the run'],
  ['{{attempt}}', 'which attempt'],
  ['{{jobName}}', 'the name of the job'],
] as const;

interface Props {
  readonly draft: JobDraft;
  readonly set: (part: Partial<JobDraft>) => void;
  readonly faultAt: (pointer: string) => string | undefined;
  /** Of a job that is there already: its secrets stand in for what is masked. */
  readonly jobId?: string;
}

export function TargetForm({ draft, set, faultAt, jobId }: Props): ReactNode {
  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-start gap-2">
        <Field label="Method" className="w-28 shrink-0">
          {(ids) => (
            <Select {...ids} value={draft.method} onChange={(event) => set({ method: event.target.value })}>
              {METHODS.map((method) => (
                <option key={method}>{method}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="URL" className="flex-1" error={faultAt('/target/url')}>
          {(ids) => (
            <TextInput
              {...ids}
              inputMode="url"
              required
              placeholder="https://api.example.com/reports"
              value={draft.url}
              onChange={(event) => set({ url: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Headers draft={draft} set={set} error={faultAt('/target/headers')} />
      <Auth draft={draft} set={set} error={faultAt('/target/auth')} />
      <Body draft={draft} set={set} error={faultAt('/target/body')} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Gives up after" hint="30s, or PT30S" error={faultAt('/target/timeout')}>
          {(ids) => (
            <TextInput {...ids} value={draft.timeout} onChange={(event) => set({ timeout: event.target.value })} />
          )}
        </Field>
        <Field label="These statuses are success" hint="2xx, 404, …" error={faultAt('/target/success')}>
          {(ids) => (
            <TextInput {...ids} value={draft.statuses} onChange={(event) => set({ statuses: event.target.value })} />
          )}
        </Field>
      </div>
      <TestSend draft={draft} jobId={jobId} />
    </div>
  );
}

type PartProps = Pick<Props, 'draft' | 'set'> & { error: string | undefined };

function Headers({ draft, set, error }: PartProps): ReactNode {
  const change = (key: number, part: object) =>
    set({ headers: draft.headers.map((header) => (header.key === key ? { ...header, ...part } : header)) });
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-xs font-medium text-ink-soft">Headers</legend>
      {draft.headers.map((header) => (
        <div key={header.key} className="flex flex-wrap items-center gap-2 sm:flex-nowrap">
          <TextInput
            aria-label="Name of the header"
            className="sm:max-w-48"
            placeholder="x-tenant"
            value={header.name}
            onChange={(event) => change(header.key, { name: event.target.value })}
          />
          <TextInput
            aria-label={`Value of ${header.name === '' ? 'the header' : header.name}`}
            type={header.secret ? 'password' : 'text'}
            className="font-mono"
            value={header.value}
            onFocus={(event) => header.secret && header.value === MASKED && event.target.select()}
            onChange={(event) => change(header.key, { value: event.target.value })}
          />
          <Check
            label="Secret"
            checked={header.secret}
            // What is secret can't be read back.
            disabled={header.secret && header.value === MASKED}
            onChange={(event) => change(header.key, { secret: event.target.checked })}
          />
          <IconButton
            icon="close"
            label={`Remove ${header.name === '' ? 'the header' : header.name}`}
            onClick={() => set({ headers: draft.headers.filter(({ key }) => key !== header.key) })}
          />
        </div>
      ))}
      <div>
        <Button small icon="plus" onClick={() => set({ headers: [...draft.headers, newHeader()] })}>
          Header
        </Button>
      </div>
      {error !== undefined && <p className="text-xs text-bad">{error}</p>}
    </fieldset>
  );
}

const AUTH_FIELDS: Record<
  AuthType,
  readonly (readonly [name: string, label: string, kind: 'text' | 'secret' | 'lines'])[]
> = {
  none: [],
  basic: [
    ['username', 'User', 'text'],
    ['password', 'Password', 'secret'],
  ],
  bearer: [['token', 'Token', 'secret']],
  oauth2: [
    ['tokenUrl', 'Token URL', 'text'],
    ['clientId', 'Client id', 'text'],
    ['clientSecret', 'Client secret', 'secret'],
    ['scope', 'Scope', 'text'],
    ['audience', 'Audience', 'text'],
  ],
  mtls: [
    ['certificate', 'Certificate (PEM)', 'lines'],
    ['privateKey', 'Private key (PEM)', 'lines'],
    ['ca', 'Certificate authority (PEM), if it is your own', 'lines'],
  ],
};

function Auth({ draft, set, error }: PartProps): ReactNode {
  const change = (name: string, value: string) => {
    const { [name]: _, ...rest } = draft.auth;
    set({ auth: value === '' ? rest : { ...rest, [name]: value } });
  };
  return (
    <div className="flex flex-col gap-3">
      <Field label="Proves itself by" className="max-w-xs" error={error}>
        {(ids) => (
          <Select
            {...ids}
            value={draft.authType}
            onChange={(event) => set({ authType: event.target.value as AuthType, auth: {} })}
          >
            <option value="none">Nothing (but the signature)</option>
            <option value="basic">User and password</option>
            <option value="bearer">Bearer token</option>
            <option value="oauth2">OAuth 2 client credentials</option>
            <option value="mtls">Client certificate (mTLS)</option>
          </Select>
        )}
      </Field>
      {draft.authType !== 'none' && (
        <div className="grid gap-3 sm:grid-cols-2">
          {AUTH_FIELDS[draft.authType].map(([name, label, kind]) => (
            <Field key={name} label={label} hint={kind === 'secret' ? 'Can’t be read back once saved' : undefined}>
              {(ids) =>
                kind === 'lines' ? (
                  <TextArea
                    {...ids}
                    className="font-mono"
                    value={draft.auth[name] ?? ''}
                    onChange={(event) => change(name, event.target.value)}
                  />
                ) : (
                  <TextInput
                    {...ids}
                    type={kind === 'secret' ? 'password' : 'text'}
                    autoComplete={kind === 'secret' ? 'new-password' : 'off'}
                    value={draft.auth[name] ?? ''}
                    onChange={(event) => change(name, event.target.value)}
                  />
                )
              }
            </Field>
          ))}
        </div>
      )}
    </div>
  );
}

function Body({ draft, set, error }: PartProps): ReactNode {
  const area = useRef<HTMLDivElement>(null);
  const insert = (template: string) => {
    const box = area.current?.querySelector('textarea');
    const at = box?.selectionStart ?? draft.body.length;
    const [from, to] = draft.body === '' ? ['{ "at": "', '" }'] : ['', ''];
    set({ body: draft.body.slice(0, at) + from + template + to + draft.body.slice(box?.selectionEnd ?? at) });
    box?.focus();
  };
  return (
    <div ref={area} className="flex flex-col gap-2">
      <Field
        label="Body"
        hint="JSON. Empty: what job, run and due time it is. Templates are filled in here, in the URL and in headers."
        error={error}
      >
        {(ids) => (
          <TextArea
            {...ids}
            rows={Math.min(14, Math.max(3, draft.body.split('\n').length))}
            className="font-mono text-xs!"
            value={draft.body}
            onChange={(event) => set({ body: event.target.value })}
          />
        )}
      </Field>
      <div className="flex flex-wrap gap-1.5" role="group" aria-label="Templates">
        {TEMPLATES.map(([template, meaning]) => (
          <Button
            key={template}
            small
            className="font-mono"
            title={`Is replaced by ${meaning}`}
            onClick={() => insert(template)}
          >
            {template}
          </Button>
        ))}
      </div>
    </div>
  );
}

/** Calls the target as it stands in the form, once, now; nothing is saved. */
function TestSend({ draft, jobId }: { draft: JobDraft; jobId: string | undefined }): ReactNode {
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<TargetTest | null>(null);
  const [error, setError] = useState<unknown>(null);
  const send = async () => {
    setBusy(true);
    setError(null);
    setResult(null);
    try {
      setResult(
        await call<TargetTest>('/targets/test', {
          method: 'POST',
          body: { target: targetOf(draft), ...(jobId !== undefined && { jobId }) },
        }),
      );
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <div className="flex flex-col gap-3 border-t border-line pt-4">
      <div className="flex flex-wrap items-center gap-3">
        <Button icon="send" busy={busy} disabled={draft.url.trim() === ''} onClick={() => void send()}>
          Test send
        </Button>
        <span className="text-xs text-ink-faint">Calls the target now, with what is above. Nothing is saved.</span>
      </div>
      <div aria-live="polite" className="flex flex-col gap-3">
        {error !== null &&
          (isMissing(error) ? (
            <p className="text-sm text-ink-soft">This service can’t send tests yet: save the job and use “Run now”.</p>
          ) : error instanceof FieldError ? (
            <p className="text-sm text-bad">{error.message}</p>
          ) : (
            <ErrorNote error={error} />
          ))}
        {result !== null && <TestResult result={result} />}
      </div>
    </div>
  );
}

function TestResult({ result }: { result: TargetTest }): ReactNode {
  const good = result.outcome === 'succeeded';
  const words = { succeeded: 'Succeeded', failed: 'Failed', timedOut: 'Timed out' }[result.outcome] ?? result.outcome;
  return (
    <div className="flex flex-col gap-2">
      <p className={`flex flex-wrap items-center gap-2 text-sm font-medium ${good ? 'text-ok' : 'text-bad'}`}>
        <Mark shape={good ? 'disc' : 'cross'} />
        {words}
        {result.status !== null && ` with status ${result.status}`}
        <span className="font-normal text-ink-soft">in {durationText(result.durationMs)}</span>
      </p>
      {result.error !== null && <p className="text-sm break-words text-ink-soft">{result.error.message}</p>}
      {result.response !== null && (
        <>
          <Code label="answer" wrap>
            {result.response.bodyExcerpt === '' ? '(an empty body)' : result.response.bodyExcerpt}
          </Code>
          <details className="text-xs text-ink-soft">
            <summary>Headers of the answer</summary>
            <Code label="headers of the answer" wrap>
              {Object.entries(result.response.headers)
                .map(([name, value]) => `${name}: ${value}`)
                .join('\n')}
            </Code>
          </details>
        </>
      )}
    </div>
  );
}
