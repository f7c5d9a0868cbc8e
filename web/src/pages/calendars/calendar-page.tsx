import type { ReactNode } from 'react';
import { Page } from '../../design/panel';

export function CalendarPage(): ReactNode {
  return <Page title="Calendar">{null}</Page>;
}
