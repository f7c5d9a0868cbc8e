import type { ReactNode, SVGProps } from 'react';

/** Icons of one weight, drawn on a grid of 16. They say nothing by themselves: words or labels stand beside them. */
const PATHS = {
  overview: 'M2.5 8.5h2l1.5-5 3 9 2-6 1 2h1.5',
  jobs: 'M3 4h10M3 8h10M3 12h6',
  runs: 'M4.5 3.5v9l7-4.5z',
  failed: 'M8 2.5 14 13H2zM8 6.5v3M8 11.2v.1',
  calendar: 'M3 4.5h10v8.5H3zM3 7h10M5.5 2.5v3M10.5 2.5v3',
  key: 'M10.5 6.5a3 3 0 1 1-2.2-2.9M8.3 8 13 12.7M11 10.8l1.5-1.3',
  audit: 'M4 2.5h6l2.5 2.5v8.5H4zM6 7h4.5M6 9.5h4.5',
  system: 'M3 3.5h10v4H3zM3 9h10v4H3zM5.3 5.5v.1M5.3 11v.1',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3 13.5 13.5',
  plus: 'M8 3v10M3 8h10',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5l3 3 7-7',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.5v9l7-4.5z',
  skip: 'M3.5 3.5v9L10 8zM12.5 3.5v9',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  down: 'M4 6l4 4 4-4',
  up: 'M4 10l4-4 4 4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4l-4 4 4 4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  trash: 'M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5',
  edit: 'M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2z',
  undo: 'M6 3.5 3 6.5l3 3M3 6.5h6.5a3 3 0 0 1 0 6H7',
  retry: 'M12.5 8A4.5 4.5 0 1 1 11 4.6L12.8 6M12.8 3v3h-3',
  move: 'M2.5 8h11M10.5 5l3 3-3 3M5 4.5v7',
  history: 'M3.2 6A5 5 0 1 1 3 8M3 3.5V6h2.6M8 5.5V8l2 1.3',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z',
  screen: 'M2.5 3.5h11v7.5h-11zM6 13.5h4',
  clock: 'M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 5v3l2 1.5',
  out: 'M6 3H3v10h3M7.5 8h6M11 5.5 13.5 8 11 10.5',
  link: 'M6.5 9.5l3-3M7 5l1.5-1.5a2.5 2.5 0 0 1 3.5 3.5L10.5 8.5M5.5 7.5 4 9a2.5 2.5 0 0 0 3.5 3.5L9 11',
  filter: 'M2.5 4h11M4.5 8h7M6.5 12h3',
  star: 'M8 2.5l1.7 3.5 3.8.5-2.8 2.7.7 3.8L8 11.2 4.6 13l.7-3.8L2.5 6.5 6.3 6z',
  send: 'M13.5 2.5 7 9M13.5 2.5 9.5 13.5 7 9 2.5 6.5z',
  question: 'M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM6.5 6.3a1.6 1.6 0 1 1 2.3 1.4c-.5.3-.8.6-.8 1.2M8 11v.1',
  tag: 'M3 3h4.5l5.5 5.5L8.5 13 3 7.5zM5.6 5.6v.1',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, className = '', ...rest }: { name: IconName } & SVGProps<SVGSVGElement>): ReactNode {
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={`shrink-0 ${className}`}
      {...rest}
    >
      <path d={PATHS[name]} strokeWidth={name === 'more' ? 2.2 : undefined} />
    </svg>
  );
}
