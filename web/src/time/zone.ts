import { createContext, useContext } from 'react';

/** In whose zone times are shown. */
export type ZoneChoice = 'job' | 'mine' | 'utc';

export const MY_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

export interface ZoneSetting {
  readonly choice: ZoneChoice;
  readonly set: (choice: ZoneChoice) => void;
}

export const ZoneContext = createContext<ZoneSetting>({ choice: 'mine', set: () => undefined });

/** The zone to show an instant in; where there is no job, "the job's" is mine. */
export function useZone(jobZone?: string): string {
  return zoneFor(useContext(ZoneContext).choice, jobZone);
}

export function zoneFor(choice: ZoneChoice, jobZone?: string): string {
  if (choice === 'utc') return 'UTC';
  return choice === 'job' ? (jobZone ?? MY_ZONE) : MY_ZONE;
}
