import { useState, type ReactNode } from 'react';
import { Button, IconButton } from '../../design/button';
import { Field, TextInput } from '../../design/fields';
import { Popover } from '../../design/menu';

export function withLabel(labels: readonly string[] = [], label: string): string[] {
  return [...new Set([...labels, label])];
}

/** The labels that jobs must have. */
export function LabelFilter({
  labels,
  onChange,
}: {
  labels: readonly string[];
  onChange: (labels: string[] | undefined) => void;
}): ReactNode {
  const [text, setText] = useState('');
  const valid = /^[A-Za-z0-9._/-]{1,63}:/.test(text);
  return (
    <>
      {labels.map((label) => (
        <span
          key={label}
          className="inline-flex h-7 items-center gap-1 rounded-md bg-accent-soft pr-0.5 pl-2 text-xs text-accent"
        >
          {label}
          <IconButton
            icon="close"
            small
            label={`Remove the filter ${label}`}
            onClick={() => {
              const rest = labels.filter((other) => other !== label);
              onChange(rest.length === 0 ? undefined : rest);
            }}
          />
        </span>
      ))}
      <Popover
        label="Filter by label"
        trigger={
          <Button tone="quiet" icon="tag">
            Label
          </Button>
        }
      >
        <form
          className="flex items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (!valid) return;
            onChange(withLabel(labels, text));
            setText('');
          }}
        >
          <Field label="Label" hint="name:value">
            {(ids) => (
              <TextInput
                {...ids}
                placeholder="team:billing"
                value={text}
                onChange={(event) => setText(event.target.value.trim())}
              />
            )}
          </Field>
          <Button type="submit" className="mb-[1.375rem]" disabled={!valid}>
            Filter
          </Button>
        </form>
      </Popover>
    </>
  );
}
