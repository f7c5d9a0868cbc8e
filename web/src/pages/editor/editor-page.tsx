import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function NewJobPage(): ReactNode {
  return <Page title="New job">{null}</Page>;
}

export function EditJobPage(): ReactNode {
  return <Page title="Edit job">{null}</Page>;
}
