import { importCrontab } from '../../../src/domain/import/crontab.js';

const USER_CRONTAB = String.raw`# Edit this file to introduce tasks to be run by cron.
#
# m h  dom mon dow   command
SHELL=/bin/bash
MAILTO="ops@example.com"
PATH=/usr/local/bin:/usr/bin:/bin

0 5 * * 1 tar -zcf /var/backups/home.tgz /home/
*/10 * * * * /usr/bin/php /var/www/artisan schedule:run >> /dev/null 2>&1
@daily /usr/local/bin/rotate
@reboot /usr/local/bin/start-agent

CRON_TZ=America/New_York
# Mails the figures to the desk in New York
30 16 * * MON-FRI /opt/report/run --date=$(date +\%F) --to desk
0 2 1,15 * * mysqldump app%USE app;%SELECT 1;
CRON_TZ=
	15 3 * * 7   /usr/bin/certbot renew -q
RANDOM_DELAY=30
0~59 4 * * * /usr/bin/apt update
0 0 */2 * 1 /usr/bin/odd
this is not a line of cron
#0 4 * * * /usr/bin/commented-out
`;

test('a crontab of a user becomes jobs, and what is left behind is told by its line', () => {
  const { jobs, report } = importCrontab(USER_CRONTAB, { timeZone: null, userColumn: false });
  const cron = (expression: string, timeZone = 'UTC'): object => ({ type: 'cron', expression, timeZone });
  expect(jobs.map(({ place, name, settings, target }) => ({ place, name, ...settings, body: target['body'] }))).toEqual(
    [
      {
        place: { line: 8 },
        name: 'tar-zcf-var-backups-home.tgz-home',
        schedule: cron('0 5 * * 1'),
        body: { command: 'tar -zcf /var/backups/home.tgz /home/' },
      },
      {
        place: { line: 9 },
        name: 'usr-bin-php-var-www-artisan-schedule-run',
        schedule: cron('*/10 * * * *'),
        body: { command: '/usr/bin/php /var/www/artisan schedule:run >> /dev/null 2>&1' },
      },
      {
        place: { line: 10 },
        name: 'usr-local-bin-rotate',
        schedule: cron('@daily'),
        body: { command: '/usr/local/bin/rotate' },
      },
      {
        place: { line: 15 },
        name: 'opt-report-run-date-date-F-to-desk',
        description: 'Mails the figures to the desk in New York',
        schedule: cron('30 16 * * MON-FRI', 'America/New_York'),
        body: { command: '/opt/report/run --date=$(date +%F) --to desk' },
      },
      {
        place: { line: 16 },
        name: 'mysqldump-app',
        schedule: cron('0 2 1,15 * *', 'America/New_York'),
        body: { command: 'mysqldump app', stdin: 'USE app;\nSELECT 1;' },
      },
      {
        place: { line: 18 },
        name: 'usr-bin-certbot-renew-q',
        schedule: cron('15 3 * * 7'),
        body: { command: '/usr/bin/certbot renew -q' },
      },
      {
        place: { line: 20 },
        name: 'usr-bin-apt-update',
        schedule: { ...cron('H(0-59) 4 * * *'), jitter: 'PT30M' },
        body: { command: '/usr/bin/apt update' },
      },
    ],
  );
  expect(report.losses.map(({ scope, place, code }) => [scope, place, code])).toEqual([
    ['document', { line: 4 }, 'no_equivalent'],
    ['document', { line: 5 }, 'no_equivalent'],
    ['document', { line: 6 }, 'no_equivalent'],
    ['job', { line: 11 }, 'unsupported_schedule'],
    ['job', { line: 21 }, 'unsupported_schedule'],
    ['job', { line: 22 }, 'not_a_job'],
    ['document', { line: 8 }, 'assumed_time_zone'],
  ]);
});

const SYSTEM_CRONTAB = `# /etc/crontab: system-wide crontab
SHELL=/bin/sh
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
-*/15 * * * *   www-data  test -x /usr/lib/cron/run-crons && /usr/lib/cron/run-crons >/dev/null 2>&1
@weekly backup /srv/backup
`;

test('the users of /etc/crontab are told to the target', () => {
  const { jobs, report } = importCrontab(SYSTEM_CRONTAB, { timeZone: 'Europe/Berlin', userColumn: true });
  expect(
    jobs.map(({ name, settings, target }) => [
      name,
      (settings['schedule'] as { expression: string }).expression,
      target['body'],
    ]),
  ).toEqual([
    [
      'cd-run-parts-report-etc-cron.hourly',
      '17 * * * *',
      { command: 'cd / && run-parts --report /etc/cron.hourly', user: 'root' },
    ],
    [
      'test-x-usr-sbin-anacron-cd-run-parts-report-etc-cron.daily',
      '25 6 * * *',
      { command: 'test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }', user: 'root' },
    ],
    [
      'test-x-usr-lib-cron-run-crons-usr-lib-cron-run-crons',
      '*/15 * * * *',
      { command: 'test -x /usr/lib/cron/run-crons && /usr/lib/cron/run-crons >/dev/null 2>&1', user: 'www-data' },
    ],
    ['srv-backup', '@weekly', { command: '/srv/backup', user: 'backup' }],
  ]);
  expect(report.losses.map(({ place, code }) => [place, code])).toEqual([[{ line: 2 }, 'no_equivalent']]);
});

test('a column of users is not taken for commands', () => {
  const { jobs, report } = importCrontab(SYSTEM_CRONTAB, { timeZone: 'UTC', userColumn: false });
  expect(jobs.map(({ place }) => place)).toEqual([{ line: 5 }, { line: 6 }]);
  expect(report.losses.filter(({ scope }) => scope === 'job').map(({ place }) => place)).toEqual([
    { line: 3 },
    { line: 4 },
  ]);
});

test('names are unique, and may be given by a comment', () => {
  const text = '# job: The figures\n0 1 * * * /bin/x\n0 2 * * * /bin/x\n0 3 * * * /bin/x\n0 4 * * * "§"\n';
  const { jobs } = importCrontab(text, { timeZone: 'UTC', userColumn: false });
  expect(jobs.map(({ name }) => name)).toEqual(['The figures', 'bin-x', 'bin-x-2', 'command']);
});

test('a name of the machine with a line that only looks like a setting', () => {
  const { jobs, report } = importCrontab('0 1 * * * FOO=1 /bin/x a=b\nFOO = "1"\n', {
    timeZone: 'UTC',
    userColumn: false,
  });
  expect(jobs[0]?.target['body']).toEqual({ command: 'FOO=1 /bin/x a=b' });
  expect(report.losses).toMatchObject([{ scope: 'document', place: { line: 2 } }]);
});
