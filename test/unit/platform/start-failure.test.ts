import { readSettings } from '../../../src/platform/config.js';
import { refuseOldServer } from '../../../src/platform/process/provide-database.js';
import { explainStartFailure } from '../../../src/platform/process/start-failure.js';

const settings = readSettings({
  DATABASE_URL: 'postgres://carillon:hunter2@db.example:5433/carillon',
  PORT: '3000',
  AUTH: 'open',
});
const coded = (message: string, code: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('explainStartFailure', () => {
  it.each([
    [coded('listen EADDRINUSE', 'EADDRINUSE', { syscall: 'listen' }), 'port 3000 is in use: set PORT to another'],
    [coded('listen EACCES', 'EACCES', { syscall: 'listen' }), 'set PORT to 1024 or above'],
    [coded('listen EADDRNOTAVAIL', 'EADDRNOTAVAIL', { syscall: 'listen' }), 'set HOST=127.0.0.1'],
    [
      coded('connect ECONNREFUSED', 'ECONNREFUSED', { syscall: 'connect' }),
      "Postgres can't be reached at db.example:5433",
    ],
    [
      coded('getaddrinfo ENOTFOUND', 'ENOTFOUND', { syscall: 'getaddrinfo', hostname: 'db.example' }),
      'correct DATABASE_URL',
    ],
    [coded('password authentication failed', '28P01'), 'correct the user or the password in DATABASE_URL'],
    [coded('database "carillon" does not exist', '3D000'), 'create it, or correct DATABASE_URL'],
    [coded('permission denied for schema public', '42501'), 'lacks a right'],
  ])('%s', (error, line) => {
    const lines = explainStartFailure(error, settings);
    expect(lines).toEqual([expect.stringContaining(line)]);
    expect(lines?.join()).not.toContain('hunter2');
  });

  it('leaves a bug to be shown in full', () => {
    expect(explainStartFailure(new TypeError('x is not a function'), settings)).toBeNull();
  });
});

describe('refuseOldServer', () => {
  it.each([140_000, 150_004, 180_000])('takes %s', (version) => {
    expect(() => refuseOldServer(version)).not.toThrow();
  });

  it.each([130_022, 90_624])('refuses %s', (version) => {
    expect(() => refuseOldServer(version)).toThrow('Carillon needs 14 or later');
  });
});
