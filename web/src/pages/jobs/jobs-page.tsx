import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function JobsPage(): ReactNode {
  return <Page title="Jobs">{null}</Page>;
}
