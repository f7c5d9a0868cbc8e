import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react';

const BOX =
  'w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink aria-invalid:border-bad disabled:opacity-50';

/** A label, what is to be filled in, and what is wrong with it. Takes the control as a function of the ids that tie them. */
export function Field({
  label,
  hint,
  error,
  children,
  className = '',
  noteClassName = '',
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  className?: string;
  /** Of what stands below the control: room to keep, so that nothing moves when it changes. */
  noteClassName?: string;
  children: (ids: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': boolean | undefined;
  }) => ReactNode;
}): ReactNode {
  const id = useId();
  const has = (hint !== undefined && hint !== '') || error != null;
  return (
    <div className={`flex min-w-0 flex-col gap-1 ${className}`}>
      <label htmlFor={id} className="text-xs font-medium text-ink-soft">
        {label}
      </label>
      {children({
        id,
        'aria-describedby': has ? `${id}-note` : undefined,
        'aria-invalid': error != null ? true : undefined,
      })}
      {has && (
        <div id={`${id}-note`} className={`text-xs ${error != null ? 'text-bad' : 'text-ink-faint'} ${noteClassName}`}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}

export function TextInput({
  className = '',
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }): ReactNode {
  return <input type="text" autoComplete="off" spellCheck={false} className={`${BOX} h-8 ${className}`} {...rest} />;
}

export function TextArea({ className = '', ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>): ReactNode {
  return <textarea autoComplete="off" spellCheck={false} rows={4} className={`${BOX} py-1.5 ${className}`} {...rest} />;
}

export function Select({ className = '', children, ...rest }: SelectHTMLAttributes<HTMLSelectElement>): ReactNode {
  return (
    <select className={`${BOX} h-8 pr-7 ${className}`} {...rest}>
      {children}
    </select>
  );
}

export function Check({
  label,
  className = '',
  ...rest
}: Omit<InputHTMLAttributes<HTMLInputElement>, 'type'> & { label: ReactNode }): ReactNode {
  return (
    <label className={`inline-flex items-center gap-2 text-sm ${className}`}>
      <input type="checkbox" className="size-4 shrink-0 accent-(--accent)" {...rest} />
      <span className="min-w-0">{label}</span>
    </label>
  );
}

/** One of a few, all of them visible. Arrows move, as in any group of radio buttons. */
export function Segmented<Value extends string>({
  label,
  value,
  options,
  onChange,
  small = false,
}: {
  label: string;
  value: Value;
  options: readonly { readonly value: Value; readonly label: ReactNode; readonly title?: string }[];
  onChange: (value: Value) => void;
  small?: boolean;
}): ReactNode {
  const name = useId();
  return (
    <fieldset className="inline-flex shrink-0 rounded-md border border-line bg-sunken p-0.5" aria-label={label}>
      {options.map((option) => (
        <label
          key={option.value}
          title={option.title}
          className={`inline-flex cursor-pointer items-center justify-center rounded-[5px] font-medium whitespace-nowrap text-ink-soft select-none has-checked:bg-raised has-checked:text-ink has-checked:shadow-sm has-focus-visible:outline-2 has-focus-visible:outline-focus ${small ? 'h-6 px-2 text-xs' : 'h-7 px-2.5 text-xs'}`}
        >
          <input
            type="radio"
            className="sr-only"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
