import * as Dropdown from '@radix-ui/react-dropdown-menu';
import * as RadixPopover from '@radix-ui/react-popover';
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons';

const FLOAT = 'z-50 rounded-lg border border-line bg-raised shadow-pop animate-[appear_120ms_ease-out]';

/** A list of things to do. Not modal: the page behind stays as it is, and no style is written into it. */
export function Menu({ trigger, children }: { trigger: ReactNode; children: ReactNode }): ReactNode {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content align="end" sideOffset={4} collisionPadding={8} className={`${FLOAT} min-w-44 p-1`}>
          {children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

export function MenuItem({
  icon,
  children,
  onSelect,
  danger = false,
  disabled = false,
  hint,
}: {
  icon?: IconName;
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  hint?: ReactNode;
}): ReactNode {
  return (
    <Dropdown.Item
      disabled={disabled}
      onSelect={onSelect}
      className={`flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm outline-none select-none data-disabled:cursor-default data-disabled:opacity-45 data-highlighted:bg-hover ${danger ? 'text-bad' : ''}`}
    >
      {icon !== undefined && <Icon name={icon} className={danger ? '' : 'text-ink-soft'} />}
      <span className="line flex-1">{children}</span>
      {hint !== undefined && <span className="text-xs text-ink-faint">{hint}</span>}
    </Dropdown.Item>
  );
}

export function MenuLine(): ReactNode {
  return <Dropdown.Separator className="my-1 h-px bg-line" />;
}

export function MenuTitle({ children }: { children: ReactNode }): ReactNode {
  return <Dropdown.Label className="px-2 py-1 text-2xs font-medium text-ink-faint">{children}</Dropdown.Label>;
}

export function Popover({
  trigger,
  label,
  children,
}: {
  trigger: ReactNode;
  label: string;
  children: ReactNode;
}): ReactNode {
  return (
    <RadixPopover.Root>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className={`${FLOAT} max-w-[min(28rem,calc(100vw-1rem))] p-3 text-sm`}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}
