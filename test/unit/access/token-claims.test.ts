import { readToken } from '../../../src/domain/token-claims.js';

const NAMES = { role: 'role', project: 'project' };
const read = (claims: Record<string, unknown>, asked?: string, names = NAMES) => readToken(claims, names, asked);

test.each([
  ['a text each', { role: 'editor', project: 'billing' }, undefined, { role: 'editor', project: 'billing' }],
  [
    'the highest of several',
    { role: ['viewer', 'staff', 'admin', 'editor'], project: 'p' },
    undefined,
    { role: 'admin', project: 'p' },
  ],
  ['one of several projects', { role: 'viewer', project: ['a', 'b'] }, 'b', { role: 'viewer', project: 'b' }],
  ['a list of one', { role: 'viewer', project: ['a'] }, undefined, { role: 'viewer', project: 'a' }],
])('takes %s', (_, claims, asked, access) => {
  expect(read(claims, asked)).toEqual({ ok: true, access });
});

test.each([
  ['no role', { project: 'p' }, undefined, /holds no role/],
  ['a role that is none of ours', { role: 'root', project: 'p' }, undefined, /holds no role/],
  ['a role that is no text', { role: { admin: true }, project: 'p' }, undefined, /holds no role/],
  ['no project', { role: 'admin' }, undefined, /names no project/],
  ['several projects', { role: 'admin', project: ['a', 'b'] }, undefined, /name one/],
  ['another project', { role: 'admin', project: ['a', 'b'] }, 'c', /not for the project/],
  ['a project that the header alone names', { role: 'admin' }, 'c', /names no project/],
])('refuses %s', (_, claims, asked, why) => {
  expect(read(claims, asked)).toEqual({ ok: false, why: expect.stringMatching(why) });
});

test('claims are found by their whole name, which may have dots, and by a path', () => {
  const claims = {
    'https://carillon.example/role': 'editor',
    realm_access: { roles: ['viewer'], project: 'p' },
    'realm_access.roles': ['admin'],
  };
  const names = { role: 'https://carillon.example/role', project: 'realm_access.project' };
  expect(read(claims, undefined, names)).toMatchObject({ access: { role: 'editor', project: 'p' } });
  expect(read(claims, undefined, { ...names, role: 'realm_access.roles' })).toMatchObject({
    access: { role: 'admin' },
  });
  expect(read(claims, undefined, { ...names, role: 'constructor.name' })).toMatchObject({ ok: false });
});
