import type { ReactNode } from 'react';
import { instantText, offsetOf } from '../time/format';
import { instantOf } from '../time/wall';
import { MY_ZONE } from '../time/zone';
import { Field, TextInput } from './fields';

/** A date and time of day in a zone that is named; says what that is here, where that is another. */
export function MomentField({
  label,
  value,
  zone,
  onChange,
  error,
  required = false,
}: {
  label: ReactNode;
  /** As clocks in the zone show it: `2026-12-24T18:00:00`. */
  value: string;
  zone: string;
  onChange: (value: string) => void;
  error?: string;
  required?: boolean;
}): ReactNode {
  const at = value === '' ? null : instantOf(value, zone);
  const here = at === null || zone === MY_ZONE ? '' : ` · ${instantText(at, MY_ZONE)} here`;
  return (
    <Field label={label} error={error} hint={`${zone}${at === null ? '' : ` ${offsetOf(at, zone)}`}${here}`}>
      {(ids) => (
        <TextInput
          {...ids}
          type="datetime-local"
          step={1}
          required={required}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
