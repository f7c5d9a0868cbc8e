import { useId, type ReactNode } from 'react';

export interface Choice<Value> {
  readonly value: Value;
  readonly word: string;
  readonly text: string;
  readonly picture: ReactNode;
}

/** One of a few policies, each with a picture of what it does. */
export function Choices<Value extends string>({
  legend,
  value,
  options,
  onChange,
}: {
  legend: string;
  value: Value;
  options: readonly Choice<Value>[];
  onChange: (value: Value) => void;
}): ReactNode {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-2 text-sm font-medium">{legend}</legend>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(9.5rem,1fr))] gap-2">
        {options.map((option) => (
          <label
            key={option.value}
            className="flex cursor-pointer flex-col gap-1.5 rounded-lg border border-line p-3 hover:border-line-strong has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-focus"
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <svg viewBox="0 0 120 34" className="h-9 w-full" aria-hidden="true">
              {option.picture}
            </svg>
            <span className="text-sm font-medium">{option.word}</span>
            <span className="text-xs text-ink-soft">{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
