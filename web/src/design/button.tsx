import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { Icon, type IconName } from './icons';

export type Tone = 'primary' | 'plain' | 'quiet' | 'danger';

const TONES: Record<Tone, string> = {
  primary: 'bg-action text-action-ink hover:bg-action-hover border-transparent',
  plain: 'bg-surface text-ink border-line-strong hover:bg-hover',
  quiet: 'bg-transparent text-ink-soft border-transparent hover:bg-hover hover:text-ink',
  danger: 'bg-surface text-bad border-line-strong hover:bg-bad-soft',
};

/** Looks of a button, for links that act like one too. */
export function buttonLook(tone: Tone = 'plain', small = false): string {
  const size = small ? 'h-7 px-2 text-xs gap-1' : 'h-8 px-3 text-sm gap-1.5';
  return `inline-flex shrink-0 items-center justify-center rounded-md border font-medium whitespace-nowrap select-none transition-colors disabled:opacity-45 ${size} ${TONES[tone]}`;
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: Tone;
  small?: boolean;
  icon?: IconName;
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  tone,
  small,
  icon,
  busy,
  children,
  className = '',
  disabled,
  ...rest
}: ButtonProps): ReactNode {
  return (
    <button
      type="button"
      className={`${buttonLook(tone, small)} ${className}`}
      disabled={disabled === true || busy === true}
      aria-busy={busy}
      {...rest}
    >
      {busy === true ? <Spinner /> : icon !== undefined && <Icon name={icon} className="-ml-0.5" />}
      {children}
    </button>
  );
}

/** A button that is an icon; `label` is its name for those who don't see it, and its tip. */
export function IconButton({
  icon,
  label,
  className = '',
  small,
  ...rest
}: { icon: IconName; label: string } & Omit<ButtonProps, 'icon'>): ReactNode {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`inline-flex shrink-0 items-center justify-center rounded-md text-ink-soft transition-colors hover:bg-hover hover:text-ink disabled:opacity-40 ${small === true ? 'size-6' : 'size-8'} ${className}`}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}

export function Spinner(): ReactNode {
  return (
    <svg
      viewBox="0 0 16 16"
      width="14"
      height="14"
      fill="none"
      aria-hidden="true"
      className="animate-[turn_0.8s_linear_infinite]"
    >
      <circle cx="8" cy="8" r="6" stroke="currentColor" strokeOpacity="0.25" strokeWidth="2" />
      <path d="M14 8a6 6 0 0 0-6-6" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
