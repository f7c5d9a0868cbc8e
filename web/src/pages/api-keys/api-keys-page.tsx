import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function ApiKeysPage(): ReactNode {
  return <Page title="API keys">{null}</Page>;
}
