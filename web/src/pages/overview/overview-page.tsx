import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function OverviewPage(): ReactNode {
  return <Page title="Overview">{null}</Page>;
}
