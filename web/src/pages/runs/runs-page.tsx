import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function RunsPage(): ReactNode {
  return <Page title="Runs">{null}</Page>;
}
