import type { HTMLAttributes, ReactNode, TdHTMLAttributes, ThHTMLAttributes } from 'react';

/** Tables for tens of rows. Lists that grow use Virtual, as the jobs do. */
export function Table({
  label,
  children,
  minWidth = '40rem',
}: {
  label: string;
  children: ReactNode;
  minWidth?: string;
}): ReactNode {
  return (
    // Scrolls sideways where it is narrow, by keyboard too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full border-collapse text-sm" style={{ minWidth }}>
        {children}
      </table>
    </div>
  );
}

export function Th({ className = '', ...rest }: ThHTMLAttributes<HTMLTableCellElement>): ReactNode {
  return (
    <th
      scope="col"
      className={`h-8 border-b border-line px-3 text-left text-xs font-medium text-ink-soft first:pl-4 last:pr-4 ${className}`}
      {...rest}
    />
  );
}

export function Td({ className = '', ...rest }: TdHTMLAttributes<HTMLTableCellElement>): ReactNode {
  return (
    <td className={`h-9 border-b border-line px-3 py-1 align-middle first:pl-4 last:pr-4 ${className}`} {...rest} />
  );
}

export function Tr({ className = '', ...rest }: HTMLAttributes<HTMLTableRowElement>): ReactNode {
  return <tr className={`hover:bg-hover ${className}`} {...rest} />;
}
