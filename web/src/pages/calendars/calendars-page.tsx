import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function CalendarsPage(): ReactNode {
  return <Page title="Calendars">{null}</Page>;
}
