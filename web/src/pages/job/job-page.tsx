import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function JobPage(): ReactNode {
  return <Page title="Job">{null}</Page>;
}
