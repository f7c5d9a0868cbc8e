import { cloneElement, createContext, useContext, useState, type ReactElement, type ReactNode } from 'react';
import type { ButtonProps } from './button';
import { Icon, type IconName } from './icons';
import { toastError } from './toast';

const FLOAT = 'z-50 rounded-lg border border-line bg-raised shadow-pop animate-[appear_120ms_ease-out]';

type Floats = Awaited<ReturnType<typeof loadFloats>>;
type Trigger = ReactElement<Pick<ButtonProps, 'onClick' | 'aria-haspopup' | 'aria-expanded'>>;

export const loadFloats = () => import('./floats');
const FloatsContext = createContext<Floats | null>(null);

/** Until it is first pressed, a trigger is a button and nothing else: so hundreds of them cost next to nothing. */
function useFloats(trigger: Trigger, kind: 'menu' | 'dialog'): { floats: Floats | null; button: Trigger } {
  const [floats, setFloats] = useState<Floats | null>(null);
  const button = cloneElement(trigger, {
    'aria-haspopup': kind,
    'aria-expanded': false,
    onClick: () => void loadFloats().then(setFloats, toastError),
  });
  return { floats, button };
}

/** A list of things to do. Not modal: the page behind stays as it is, and no style is written into it. */
export function Menu({ trigger, children }: { trigger: Trigger; children: ReactNode }): ReactNode {
  const { floats, button } = useFloats(trigger, 'menu');
  if (floats === null) return button;
  return (
    <floats.MenuRoot modal={false} defaultOpen>
      <floats.MenuTrigger asChild>{trigger}</floats.MenuTrigger>
      <floats.MenuPortal>
        <floats.MenuContent align="end" sideOffset={4} collisionPadding={8} className={`${FLOAT} min-w-44 p-1`}>
          <FloatsContext value={floats}>{children}</FloatsContext>
        </floats.MenuContent>
      </floats.MenuPortal>
    </floats.MenuRoot>
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
  const floats = useContext(FloatsContext);
  return (
    floats && (
      <floats.MenuItem
        disabled={disabled}
        onSelect={onSelect}
        className={`flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm outline-none select-none data-disabled:cursor-default data-disabled:opacity-45 data-highlighted:bg-hover ${danger ? 'text-bad' : ''}`}
      >
        {icon !== undefined && <Icon name={icon} className={danger ? '' : 'text-ink-soft'} />}
        <span className="line flex-1">{children}</span>
        {hint !== undefined && <span className="text-xs text-ink-faint">{hint}</span>}
      </floats.MenuItem>
    )
  );
}

export function MenuLine(): ReactNode {
  const floats = useContext(FloatsContext);
  return floats && <floats.MenuSeparator className="my-1 h-px bg-line" />;
}

export function MenuTitle({ children }: { children: ReactNode }): ReactNode {
  const floats = useContext(FloatsContext);
  return (
    floats && <floats.MenuLabel className="px-2 py-1 text-2xs font-medium text-ink-faint">{children}</floats.MenuLabel>
  );
}

export function Popover({
  trigger,
  label,
  children,
}: {
  trigger: Trigger;
  label: string;
  children: ReactNode;
}): ReactNode {
  const { floats, button } = useFloats(trigger, 'dialog');
  if (floats === null) return button;
  return (
    <floats.PopoverRoot defaultOpen>
      <floats.PopoverTrigger asChild>{trigger}</floats.PopoverTrigger>
      <floats.PopoverPortal>
        <floats.PopoverContent
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className={`${FLOAT} max-w-[min(28rem,calc(100vw-1rem))] p-3 text-sm`}
        >
          {children}
        </floats.PopoverContent>
      </floats.PopoverPortal>
    </floats.PopoverRoot>
  );
}
