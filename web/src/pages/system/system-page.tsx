import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function SystemPage(): ReactNode {
  return <Page title="System">{null}</Page>;
}
