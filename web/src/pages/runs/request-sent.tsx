import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, isRefused } from '../../api/client';
import { useShown } from '../../api/queries';
import type { Run } from '../../api/run-additions';
import { Code } from '../../design/code';
import { Segmented } from '../../design/fields';
import { ErrorNote, Panel, Waiting } from '../../design/panel';

/** What the target was asked, as far as it is known: secrets are masked by the service and not here. */
export function RequestSent({ run }: { run: Run }): ReactNode {
  const { data: job, error } = useShown(
    ['job', run.jobId, 'job'],
    (signal) => api().getJob({ id: run.jobId }, { signal }),
    {
      pollMs: false,
    },
  );
  if (job === undefined) {
    return (
      <Panel title="Request">
        {isRefused(error, 404) ? (
          <p className="text-sm text-ink-soft">The job was deleted, and with it what it called.</p>
        ) : error !== null ? (
          <ErrorNote error={error} />
        ) : (
          <Waiting rows={6} />
        )}
      </Panel>
    );
  }
  const { target } = job;
  const changed = job.version !== run.jobVersion;
  const body = target.body ?? {
    jobId: run.jobId,
    jobName: run.jobName,
    runId: run.id,
    scheduledFor: run.scheduledFor,
    attempt: run.attempt,
  };
  const headers = {
    ...Object.fromEntries(Object.entries(target.headers).map(([name, value]) => [name, headerText(value)])),
    ...(target.auth !== undefined && { authorization: `******** (${target.auth.type})` }),
    'webhook-id': run.id,
    'carillon-job-id': run.jobId,
    'carillon-job-name': run.jobName,
    'carillon-scheduled-for': run.scheduledFor,
    'carillon-attempt': String(run.attempt),
  };
  const text = [
    `${target.method} ${target.url}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(target.method === 'GET' || target.method === 'HEAD'
      ? []
      : ['', typeof body === 'string' ? body : JSON.stringify(body, null, 2)]),
  ].join('\n');
  return (
    <Panel title="Request" note="secrets masked">
      <Code label="the request">{text}</Code>
      <p className="pt-2 text-xs text-ink-faint">
        {changed ? (
          <>
            As the job is now, in version {job.version}; this run was planned by version {run.jobVersion}.{' '}
            <Link to="/jobs/$jobId" params={{ jobId: run.jobId }} search={{ tab: 'versions' }} className="underline">
              What changed
            </Link>
          </>
        ) : (
          'Templates are filled in as the call is made. A body given to this run alone takes the place of the job’s.'
        )}
      </p>
    </Panel>
  );
}

function headerText(value: unknown): string {
  if (typeof value === 'string') return value;
  return (value as { value?: string }).value ?? '********';
}

const SNIPPETS = {
  typescript: `import { Receiver } from '@carillon/client';

// Lets through what was signed in the last five minutes,
// and does the work of each run once.
const receiver = new Receiver({ secrets: [process.env.CARILLON_SIGNING_SECRET] });

export const POST = (request: Request) =>
  receiver.respond(request, async ({ runId, scheduledFor }) => {
    // your work
  });`,
  python: `import base64, hashlib, hmac, time

def verified(headers, body: bytes, secret: str) -> bool:
    """Standard Webhooks; the secret is the one that begins with whsec_."""
    sent_at = headers["webhook-timestamp"]
    if abs(time.time() - int(sent_at)) > 300:
        return False
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return any(
        hmac.compare_digest(b"v1," + mac, given.encode())
        for given in headers["webhook-signature"].split(" ")
    )`,
} as const;

/** How the receiver tells that a call came from here. */
export function VerifySignature(): ReactNode {
  const [language, setLanguage] = useState<keyof typeof SNIPPETS>('typescript');
  return (
    <Panel
      title="Verify the signature"
      actions={
        <Segmented
          small
          label="Language"
          value={language}
          onChange={setLanguage}
          options={[
            { value: 'typescript', label: 'TypeScript' },
            { value: 'python', label: 'Python' },
          ]}
        />
      }
    >
      <Code label="the code that verifies">{SNIPPETS[language]}</Code>
      <p className="pt-2 text-xs text-ink-faint">
        Sign over the bytes that came, not over what a parser made of them. Calls are signed once the project has a
        signing secret.
      </p>
    </Panel>
  );
}
