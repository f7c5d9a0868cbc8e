import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function AuditLogPage(): ReactNode {
  return <Page title="Audit log">{null}</Page>;
}
