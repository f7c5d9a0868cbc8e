// The proof of concept in one command: starts Carillon and a small receiver, registers a few jobs, prints each call as it
// comes, and leaves everything up to play with until Ctrl-C.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..');
const colour = process.stdout.isTTY ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_code, text) => text;

const receiver = createServer((request, response) => {
  const receivedAt = performance.timeOrigin + performance.now();
  request.resume();
  request.on('end', () => {
    const name = decodeURIComponent(String(request.headers['carillon-job-name']));
    const attempt = Number(request.headers['carillon-attempt']);
    const scheduledFor = String(request.headers['carillon-scheduled-for']);
    const status = name === 'demo-flaky' && attempt < 3 ? 503 : 200;
    // Slower than its schedule: the next occurrence comes while this run is still under way.
    const answerAfterMs = name === 'demo-slow' ? 7_000 : 0;
    show(name, attempt, scheduledFor, receivedAt, status);
    setTimeout(() => {
      response.statusCode = status;
      response.end(status === 200 ? 'ok' : 'not yet');
    }, answerAfterMs);
  });
});

function show(name, attempt, scheduledFor, receivedAt, status) {
  const late = attempt === 1 ? `${(receivedAt - Date.parse(scheduledFor)).toFixed(1)} ms late` : `attempt ${attempt}`;
  const mark = status === 200 ? colour(32, '●') : colour(31, '✕');
  console.log(
    `${new Date(receivedAt).toISOString().slice(11, 23)}  ${mark} ${name.padEnd(16)} due ${scheduledFor.slice(11, 23)}  ` +
      `${late.padStart(14)}  answered ${status}`,
  );
}

function jobs(url) {
  return [
    { name: 'demo-heartbeat', schedule: { type: 'interval', every: '2s' }, target: url },
    {
      name: 'demo-monday',
      schedule: { type: 'cron', expression: '0 9 * * MON', timeZone: 'Europe/Paris' },
      target: url,
    },
    {
      name: 'demo-flaky',
      description: 'Its target fails twice, then succeeds',
      schedule: { type: 'interval', every: '20s' },
      target: url,
      retry: { maxAttempts: 5, backoff: 'exponential', initialDelay: '1s' },
    },
    {
      name: 'demo-slow',
      description: 'Takes 7 s every 5 s: with overlap "skip" the occurrence in between is recorded as skipped',
      schedule: { type: 'interval', every: '5s' },
      target: url,
      overlap: 'skip',
    },
  ];
}

async function put(base, job) {
  const response = await fetch(`${base}/jobs/by-name/${encodeURIComponent(job.name)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`PUT ${job.name}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

async function run() {
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const hook = `http://127.0.0.1:${receiver.address().port}/`;
  const service = spawn(process.execPath, [join(ROOT, 'scripts', 'start.mjs')], {
    cwd: ROOT,
    env: { LOG_LEVEL: 'warn', ...process.env, LOG_FORMAT: 'text' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      stopping = true;
      service.kill('SIGTERM');
    });
  }
  service.once('exit', (code) => {
    receiver.closeAllConnections();
    receiver.close();
    process.exitCode = stopping ? 0 : (code ?? 1);
  });

  const base = await listening(service);
  if (base === null) return;
  console.log('\nCarillon is up and registers the demo jobs:\n');
  for (const job of jobs(hook)) {
    const answer = await put(base, job);
    console.log(`  ${answer.name.padEnd(16)} ${answer.scheduleText}; next ${answer.nextRunAt}`);
  }
  console.log(`\nEach call as it comes (Ctrl-C ends everything; the jobs stay in .carillon/):\n`);
  console.log(`  curl -s '${base}/runs?limit=5'      what the ledger says`);
  console.log(`  ${base}/docs      try the API in the browser\n`);
}

/** The URL that the service says it listens on; null when it ended before. */
function listening(service) {
  return new Promise((resolve) => {
    createInterface({ input: service.stdout }).on('line', (line) => {
      const url = /listening.*?(http:\/\/[\w.:[\]]+)/.exec(line)?.[1];
      if (url === undefined) console.log(colour(2, line));
      else resolve(url);
    });
    service.once('exit', () => resolve(null));
  });
}

await run();
