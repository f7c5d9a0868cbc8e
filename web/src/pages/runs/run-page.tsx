import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function RunPage(): ReactNode {
  return <Page title="Run">{null}</Page>;
}
