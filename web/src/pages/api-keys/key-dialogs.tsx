import { useState, type ReactNode } from 'react';
import { api, type Schemas } from '../../api/client';
import { Button } from '../../design/button';
import { Code } from '../../design/code';
import { ActionDialog, Dialog } from '../../design/dialog';
import { Field, Segmented, Select, TextInput } from '../../design/fields';
import { toast } from '../../design/toast';
import { now } from '../../time/clock';

type Key = Schemas['ApiKey'];
type NewKey = Schemas['NewApiKey'];
type Role = Key['role'];

const ROLES: Record<Role, string> = {
  viewer: 'Reads everything of the project.',
  editor: 'Reads, and changes and runs jobs.',
  admin: 'All of that, and manages keys and the project.',
};

const DAY_MS = 86_400_000;
const LIVES = [
  ['', 'Never'],
  ['7', 'After 7 days'],
  ['30', 'After 30 days'],
  ['90', 'After 90 days'],
  ['365', 'After a year'],
] as const;

interface Props {
  readonly onClose: () => void;
  readonly onDone: (key: NewKey | null) => void;
}

export function CreateDialog({ onClose, onDone }: Props): ReactNode {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [days, setDays] = useState('');
  return (
    <ActionDialog
      title="New API key"
      action="Make the key"
      disabled={name.trim() === ''}
      onClose={onClose}
      run={async () => {
        const expiresAt = days === '' ? null : new Date(now() + Number(days) * DAY_MS).toISOString();
        onDone(await api().createApiKey({ body: { name: name.trim(), role, expiresAt } }));
      }}
    >
      <Field label="Name" hint="Who or what uses it. The audit log shows it.">
        {(ids) => (
          <TextInput
            {...ids}
            required
            maxLength={100}
            placeholder="deploy pipeline"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        )}
      </Field>
      <div className="flex flex-col gap-1">
        <span className="text-xs font-medium text-ink-soft">Role</span>
        <Segmented
          label="Role"
          value={role}
          onChange={setRole}
          options={(Object.keys(ROLES) as Role[]).map((value) => ({ value, label: value }))}
        />
        <span className="text-xs text-ink-faint">{ROLES[role]}</span>
      </div>
      <Field label="Ends">
        {(ids) => (
          <Select {...ids} value={days} onChange={({ target }) => setDays(target.value)}>
            {LIVES.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </ActionDialog>
  );
}

const OVERLAPS = [
  ['PT0S', 'Ends at once'],
  ['PT1H', 'Works for another hour'],
  ['P1D', 'Works for another day'],
  ['P7D', 'Works for another 7 days'],
] as const;

export function RotateDialog({ apiKey, onClose, onDone }: Props & { apiKey: Key }): ReactNode {
  const [overlap, setOverlap] = useState<string>('PT1H');
  return (
    <ActionDialog
      title={`Rotate ${apiKey.name}`}
      action="Rotate"
      onClose={onClose}
      run={async () => onDone(await api().rotateApiKey({ id: apiKey.id, body: { overlap } }))}
    >
      <p className="text-sm text-ink-soft">A new key with the same name and role takes its place.</p>
      <Field label="The old key" hint="Time to put the new one wherever the old one is.">
        {(ids) => (
          <Select {...ids} value={overlap} onChange={({ target }) => setOverlap(target.value)}>
            {OVERLAPS.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </ActionDialog>
  );
}

export function RevokeDialog({ apiKey, onClose, onDone }: Props & { apiKey: Key }): ReactNode {
  return (
    <ActionDialog
      title={`Revoke ${apiKey.name}`}
      action="Revoke"
      tone="danger"
      onClose={onClose}
      run={async () => {
        await api().revokeApiKey({ id: apiKey.id });
        onDone(null);
        toast(`${apiKey.name} is revoked.`);
      }}
    >
      <p className="text-sm text-ink-soft">
        Whoever uses <code className="font-mono">{apiKey.prefix}…</code> is refused from now on. This can’t be undone.
      </p>
    </ActionDialog>
  );
}

/** The only time that the key is seen. */
export function ShownOnce({ made, onClose }: { made: NewKey; onClose: () => void }): ReactNode {
  return (
    <Dialog title={`The key “${made.name}”`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p className="text-sm">Copy it now: it is kept as a hash only, and not shown again.</p>
        <Code label="the key" wrap>
          {made.key}
        </Code>
        <div className="flex justify-end">
          <Button tone="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
