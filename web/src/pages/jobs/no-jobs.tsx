import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { buttonLook } from '../../design/button';
import { EmptyState } from '../../design/panel';
import type { JobsSearch } from '../../router';
import { FirstJob } from './first-job';

export function NoJobs({ filters, editor }: { filters: JobsSearch; editor: boolean }): ReactNode {
  const { sort: _, ...narrowing } = filters;
  const isFiltered = Object.values(narrowing).some((value) => value !== undefined);
  if (!isFiltered) return <FirstJob editor={editor} />;
  return (
    <EmptyState
      title="No job matches"
      action={
        <Link to="/jobs" search={{}} className={buttonLook()}>
          Show all jobs
        </Link>
      }
    >
      Names, descriptions and URLs were searched. Labels must match exactly, each as name:value.
    </EmptyState>
  );
}
