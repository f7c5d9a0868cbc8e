import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function FailedRunsPage(): ReactNode {
  return <Page title="Failed runs">{null}</Page>;
}
