import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button, buttonLook } from '../design/button';
import { EmptyState, ErrorNote, Page } from '../design/panel';

export function Missing(): ReactNode {
  return (
    <Page title="There is nothing here">
      <EmptyState
        title="No page has this address"
        action={
          <Link to="/jobs" search={{}} className={buttonLook('primary')}>
            Go to the jobs
          </Link>
        }
      >
        It may have been mistyped, or what it showed is gone.
      </EmptyState>
    </Page>
  );
}

/** A page threw: the shell stays, and another page can be gone to. */
export function PageFailed({ error, reset }: { error: unknown; reset: () => void }): ReactNode {
  return (
    <Page title="This page could not be shown">
      <ErrorNote error={error} retry={reset} />
      <p className="text-sm text-ink-soft">
        After an upgrade of the service the page may be of an older version.{' '}
        <Button small onClick={() => location.reload()}>
          Reload
        </Button>
      </p>
    </Page>
  );
}
