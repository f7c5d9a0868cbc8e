// A receiver that behaves as receivers do, and jobs of all kinds that call it: what screenshots and trials look at.
// `node web/test/lively.mjs URL` fills the service at URL and keeps the receiver up until Ctrl-C.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** `/ok`, `/slow` (varies by call), `/fail`, `/flaky` (one of three fails), `/gone`, `/hang`. */
export async function startReceiver() {
  const counts = new Map();
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://receiver').pathname;
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    request.resume();
    request.on('end', () => {
      const [status, delayMs] = answerOf(path, count);
      setTimeout(() => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify(status < 400 ? { ok: true, handled: count } : { error: 'upstream is not reachable' }),
        );
      }, delayMs).unref();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerOf(path, count) {
  const wave = (Math.sin(count / 3) + 1) / 2;
  if (path.startsWith('/slow')) return [200, 80 + 900 * wave];
  if (path.startsWith('/long')) return [200, 6_500];
  if (path.startsWith('/fail')) return [503, 20];
  if (path.startsWith('/flaky')) return [count % 3 === 0 ? 500 : 200, 30 + 60 * wave];
  return [200, 4 + 40 * wave];
}

export function livelyJobs(url) {
  const job = (name, schedule, path, rest = {}) => ({ name, schedule, target: `${url}${path}`, ...rest });
  const team = (name) => ({ labels: { team: name, env: 'production' } });
  const once = { retry: { maxAttempts: 1 } };
  return [
    job('heartbeat', 'every 1 second', '/ok/heartbeat', {
      ...team('platform'),
      description: 'Tells the status page that we are alive',
    }),
    job('queue-depth-sample', 'every 2 seconds', '/slow/depth', team('platform')),
    job('cache-warmer', 'every 3 seconds', '/slow/cache', team('platform')),
    job('webhook-redelivery', 'every 2 seconds', '/flaky/redelivery', { ...team('integrations'), ...once }),
    job('fx-rates-import', 'every 5 seconds', '/fail/fx', {
      ...team('billing'),
      ...once,
      description: 'Rates of the ECB; the ledger needs them before noon',
    }),
    job('search-reindex', 'every 3 seconds', '/long/reindex', { ...team('search'), overlap: 'skip' }),
    job('inventory-sync', 'every 4 seconds', '/flaky/inventory', {
      ...team('shop'),
      retry: { maxAttempts: 3, initialDelay: '1s' },
    }),
    job('sessions-sweep', 'every 10 seconds', '/ok/sessions', team('identity')),
    job('invoice-run', { type: 'cron', expression: '0 9 * * MON-FRI', timeZone: 'Europe/Paris' }, '/ok/invoices', {
      ...team('billing'),
      description: 'Draws up and sends the invoices of the day',
    }),
    job(
      'nightly-report',
      { type: 'cron', expression: '30 2 * * *', timeZone: 'America/New_York' },
      '/slow/report',
      team('analytics'),
    ),
    job(
      'month-end-close',
      { type: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=-1FR', startAt: '2026-01-30T17:00', timeZone: 'Europe/London' },
      '/ok/close',
      team('billing'),
    ),
    job('payroll-export', 'on the 25th of every month at 6:00', '/ok/payroll', team('people')),
    job(
      'certificate-check',
      { type: 'cron', expression: 'H * * * *', timeZone: 'UTC' },
      '/ok/certificates',
      team('platform'),
    ),
    job(
      'tokyo-market-open',
      { type: 'cron', expression: '0 9 * * MON-FRI', timeZone: 'Asia/Tokyo' },
      '/ok/tokyo',
      team('trading'),
    ),
    job('backup-verify', 'every Sunday at 4am', '/slow/backup', team('platform')),
    job(
      'lord-howe-tide-table',
      { type: 'cron', expression: '15 6 * * *', timeZone: 'Australia/Lord_Howe' },
      '/ok/tide',
      team('research'),
    ),
    job(
      'black-friday-opening',
      { type: 'once', at: '2027-11-26T00:00', timeZone: 'America/New_York' },
      '/ok/opening',
      team('shop'),
    ),
    job('digest-mails', 'every weekday at 7:30', '/ok/digest', team('growth')),
    job('trial-reminders', 'every day at 10:15', '/ok/trials', team('growth')),
    job('gdpr-erasure', 'every day at 3am', '/ok/erasure', team('identity')),
    ...Array.from({ length: 24 }, (_, index) =>
      job(
        `tenant-${String(index + 1).padStart(3, '0')}-usage`,
        { type: 'cron', expression: `${(index * 7) % 60} * * * *`, timeZone: 'UTC' },
        '/ok/usage',
        {
          labels: { team: 'metering', env: index % 3 === 0 ? 'staging' : 'production' },
        },
      ),
    ),
  ];
}

export async function fill(service, receiverUrl, headers = {}) {
  const call = async (method, path, body) => {
    const response = await fetch(service + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok && response.status !== 409) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  await call('POST', '/calendars', {
    name: 'holidays-france',
    timeZone: 'Europe/Paris',
    dates: ['2026-12-25', '2027-01-01', '2027-05-01', '2027-07-14'],
  });
  await call('POST', '/calendars', {
    name: 'release-freeze',
    timeZone: 'UTC',
    ranges: [{ from: '2026-12-18', to: '2027-01-03' }],
  });
  const jobs = new Map();
  for (const job of livelyJobs(receiverUrl)) {
    const { name, ...rest } = job;
    jobs.set(name, await call('PUT', `/jobs/by-name/${name}`, rest));
  }
  const id = (name) => jobs.get(name).id;
  await call('POST', `/jobs/${id('digest-mails')}/pause`, {
    note: 'Until the new template is approved (Mara)',
    until: '2026-12-14T08:00:00Z',
  });
  await call('POST', `/jobs/${id('tenant-005-usage')}/pause`, { note: 'Tenant is being moved' });
  await call('POST', `/jobs/${id('sessions-sweep')}/pause`, {});
  await call('POST', `/jobs/${id('sessions-sweep')}/resume`);
  await call('PATCH', `/jobs/${id('invoice-run')}`, {
    schedule: { type: 'cron', expression: '30 8 * * MON-FRI', timeZone: 'Europe/Paris', exclude: ['holidays-france'] },
  });
  await call('POST', `/jobs/${id('invoice-run')}/trigger`, {});
  await call('POST', `/jobs/${id('trial-reminders')}/skip-next`);
  for (const name of ['billing-export', 'status-page'])
    await call('POST', '/api-keys', { name, role: name === 'status-page' ? 'viewer' : 'editor' });
  return jobs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const receiver = await startReceiver();
  await fill(process.argv[2] ?? 'http://127.0.0.1:3000', receiver.url);
  process.stdout.write(`filled; the receiver is at ${receiver.url}\n`);
}
