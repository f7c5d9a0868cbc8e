import { useState, type ReactNode } from 'react';
import { IconButton } from './button';

/** Text of programs. */
export function Code({
  children,
  label,
  wrap = false,
}: {
  children: string;
  label: string;
  wrap?: boolean;
}): ReactNode {
  return (
    <div className="group relative min-w-0 rounded-md border border-line bg-sunken">
      {}
      {/* Long lines are reached by keyboard too. */}
      <pre
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        aria-label={label}
        className={`max-h-96 overflow-auto p-3 pr-10 font-mono text-xs ${wrap ? 'break-all whitespace-pre-wrap' : ''}`}
      >
        {children}
      </pre>
      <div className="absolute top-1 right-1">
        <CopyButton text={children} label={`Copy ${label}`} />
      </div>
    </div>
  );
}

export function Json({ value, label }: { value: unknown; label: string }): ReactNode {
  return <Code label={label}>{JSON.stringify(value, null, 2) ?? ''}</Code>;
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      icon={copied ? 'check' : 'copy'}
      label={copied ? 'Copied' : label}
      small
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1_500);
        });
      }}
    />
  );
}

export function Kbd({ children }: { children: ReactNode }): ReactNode {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-sunken px-1 font-sans text-2xs text-ink-soft">
      {children}
    </kbd>
  );
}
