import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { Button } from '../../design/button';
import { Field, TextInput } from '../../design/fields';
import { Icon } from '../../design/icons';
import { Menu, MenuItem, MenuLine, MenuTitle, Popover } from '../../design/menu';
import { toast } from '../../design/toast';
import type { JobsSearch } from '../../router';
import type { SavedViews } from './saved-views';

export function SaveView({ search, save }: { search: JobsSearch; save: SavedViews['save'] }): ReactNode {
  const [name, setName] = useState('');
  if (Object.values(search).every((value) => value === undefined)) return null;
  return (
    <Popover
      label="Save this view"
      trigger={
        <Button tone="quiet" icon="star">
          Save view
        </Button>
      }
    >
      <form
        className="flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === '') return;
          save(name.trim(), search);
          toast(`Saved as “${name.trim()}”.`);
          setName('');
        }}
      >
        <Field label="Name of the view">
          {(ids) => (
            <TextInput {...ids} maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Button type="submit" disabled={name.trim() === ''}>
          Save
        </Button>
      </form>
    </Popover>
  );
}

/** Ways to look at the jobs: some that are always there, and those that were kept. */
export function Views({ views, remove }: SavedViews): ReactNode {
  const navigate = useNavigate();
  return (
    <>
      <Menu
        trigger={
          <Button tone="quiet">
            Views
            <Icon name="down" />
          </Button>
        }
      >
        <MenuItem onSelect={() => void navigate({ to: '/jobs', search: {} })}>All jobs</MenuItem>
        <MenuItem onSelect={() => void navigate({ to: '/jobs', search: { sort: 'nextRunAt', state: 'active' } })}>
          Next to fire
        </MenuItem>
        <MenuItem onSelect={() => void navigate({ to: '/jobs', search: { state: 'paused' } })}>Paused</MenuItem>
        {views.length > 0 && (
          <>
            <MenuLine />
            <MenuTitle>Saved here</MenuTitle>
            {views.map((view) => (
              <MenuItem
                key={view.name}
                icon="star"
                onSelect={() => void navigate({ to: '/jobs', search: view.search })}
              >
                {view.name}
              </MenuItem>
            ))}
            <MenuLine />
            {views.map((view) => (
              <MenuItem key={view.name} icon="trash" onSelect={() => remove(view.name)}>
                Forget “{view.name}”
              </MenuItem>
            ))}
          </>
        )}
      </Menu>
    </>
  );
}
