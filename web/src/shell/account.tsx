import { useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useWhoAmI } from '../api/queries';
import { IconButton } from '../design/button';
import { Menu, MenuItem, MenuLine, MenuTitle } from '../design/menu';
import { session, signOut } from '../session/session';
import { storedTheme, storeTheme, type Theme } from './theme';

const THEMES: readonly { theme: Theme; word: string; icon: 'screen' | 'sun' | 'moon' }[] = [
  { theme: 'system', word: 'As the system', icon: 'screen' },
  { theme: 'light', word: 'Light', icon: 'sun' },
  { theme: 'dark', word: 'Dark', icon: 'moon' },
];

/** Who is here, and how it looks. */
export function Account(): ReactNode {
  const me = useWhoAmI().data;
  const cache = useQueryClient();
  const [theme, setTheme] = useState(storedTheme);
  return (
    <Menu trigger={<IconButton icon="key" label="Account and looks" />}>
      <MenuTitle>
        {me === undefined ? 'Not known yet' : `${nameOf(me)} · ${me.role}`}
        {me !== undefined && me.project.name !== '' && <span className="block">Project {me.project.name}</span>}
      </MenuTitle>
      <MenuLine />
      {THEMES.map(({ theme: value, word, icon }) => (
        <MenuItem
          key={value}
          icon={icon}
          hint={theme === value ? '✓' : undefined}
          onSelect={() => {
            storeTheme(value);
            setTheme(value);
          }}
        >
          {word}
        </MenuItem>
      ))}
      {session().key !== null && (
        <>
          <MenuLine />
          <MenuItem
            icon="out"
            onSelect={() => {
              signOut();
              cache.clear();
              void cache.resetQueries();
            }}
          >
            Sign out
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function nameOf(me: { actor: { kind: string; name: string | null } }): string {
  if (me.actor.name !== null) return me.actor.name;
  return (
    { open: 'Open to everyone here', key: 'API key', token: 'Token', root: 'Root key' }[me.actor.kind] ?? me.actor.kind
  );
}
