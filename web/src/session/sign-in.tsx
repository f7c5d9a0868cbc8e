import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { call, ConnectionError, isMissing, isRefused } from '../api/client';
import { signInMethods } from '../api/queries';
import { Button } from '../design/button';
import { Field, TextInput } from '../design/fields';
import { Bell } from '../shell/navigation';
import { goToProvider } from './oidc';
import { session, signIn, signOut } from './session';

/** The way in. The key stays in this tab. */
export function SignIn({ problem }: { problem: string | null }): ReactNode {
  const methods = useQuery({
    queryKey: ['sign-in'],
    queryFn: ({ signal }) => signInMethods(signal),
    staleTime: Infinity,
  });
  const oidc = methods.data?.oidc ?? null;
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-sm rounded-xl border border-line bg-surface p-6 shadow-card">
        <div className="mb-5 flex items-center gap-2">
          <Bell />
          <h1 className="text-lg font-semibold">Sign in to Carillon</h1>
        </div>
        {problem !== null && (
          <p role="alert" className="mb-4 rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">
            {problem}
          </p>
        )}
        {oidc !== null && (
          <>
            <Button tone="primary" className="w-full" onClick={() => void goToProvider(oidc)}>
              Continue with {hostOf(oidc.issuer)}
            </Button>
            <div className="my-4 flex items-center gap-3 text-xs text-ink-faint before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
              or with a key
            </div>
          </>
        )}
        <KeyForm primary={oidc === null} />
      </div>
    </main>
  );
}

function KeyForm({ primary }: { primary: boolean }): ReactNode {
  const cache = useQueryClient();
  const [key, setKey] = useState('');
  const [project, setProject] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setError(null);
    signIn({ key: key.trim(), project: project.trim() === '' ? null : project.trim() });
    try {
      await tryKey();
      await cache.resetQueries();
    } catch (cause) {
      signOut();
      setError(adviceFor(cause));
    }
    setBusy(false);
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field label="API key" hint="It stays in this tab and goes when you close it." error={error ?? undefined}>
        {(ids) => (
          <TextInput
            {...ids}
            type="password"
            required
            className="font-mono"
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        )}
      </Field>
      <details className="text-sm">
        <summary className="text-xs text-ink-soft">Root key: choose a project</summary>
        <Field label="Project" hint="Its name or id; default: the project “default”." className="mt-2">
          {(ids) => <TextInput {...ids} value={project} onChange={(event) => setProject(event.target.value)} />}
        </Field>
      </details>
      <Button type="submit" tone={primary ? 'primary' : 'plain'} busy={busy} disabled={key.trim() === ''}>
        Sign in
      </Button>
    </form>
  );
}

async function tryKey(): Promise<void> {
  try {
    await call('/whoami');
  } catch (error) {
    if (!isMissing(error)) throw error;
    await call('/system');
  }
}

function adviceFor(error: unknown): string {
  if (isRefused(error, 401)) {
    return session().key === ''
      ? 'Enter a key.'
      : 'This key is not known here: it may be mistyped, expired or revoked. An admin of the project can make a new one.';
  }
  if (isRefused(error, 404)) return 'There is no project of this name, or the key may not act in it.';
  if (error instanceof ConnectionError) return 'The service does not answer. Check that it is running, then try again.';
  return 'The service could not check the key just now. Try again in a moment.';
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
