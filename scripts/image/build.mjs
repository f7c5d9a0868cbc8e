// Runs the Dockerfile's own steps without an engine: in roots made by debootstrap where that and chroot are to be had (`root`), else in
// clean folders (`folder`), where RUN must do with paths below its WORKDIR.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { contextFilter, pairsOf, parseDockerfile } from './dockerfile.mjs';

const project = join(import.meta.dirname, '../..');
export const cache = join(project, 'node_modules/.cache/image');
const NODE = '24.22.3';
const SUITE = 'bookworm';

export function wayToBuild() {
  return process.getuid() === 0 && has('debootstrap') && has('chroot') ? 'root' : 'folder';
}

/** Answers where the image's files lie and what is said of it. */
export function buildImage(way, work) {
  const stages = parseDockerfile(readFileSync(join(project, 'Dockerfile'), 'utf8'));
  const context = readContext(join(work, 'context'));
  const roots = {};
  let config;
  for (const stage of stages) {
    const began = Date.now();
    const root = join(work, stage.name);
    roots[stage.name] = root;
    startFrom(stage.base, root, way, roots);
    config = { root, env: {}, labels: {}, workdir: '/' };
    let shell = ['/bin/sh', '-c'];
    for (const { instruction, text } of stage.steps) {
      if (instruction === 'WORKDIR') mkdirSync(join(root, (config.workdir = text)), { recursive: true });
      else if (instruction === 'SHELL') shell = JSON.parse(text);
      else if (instruction === 'COPY') copy(text, config, roots, context);
      else if (instruction === 'RUN') runStep(text, config, { way, shell });
      else if (instruction === 'ENV') Object.assign(config.env, pairsOf(text));
      else if (instruction === 'LABEL') Object.assign(config.labels, pairsOf(text));
      else config[instruction.toLowerCase()] = text;
    }
    console.log(`stage ${stage.name}: ${Math.round((Date.now() - began) / 1_000)} s`);
  }
  return config;
}

function readContext(to) {
  const taken = contextFilter(readFileSync(join(project, '.dockerignore'), 'utf8'));
  const walk = (folder) => {
    for (const entry of readdirSync(join(project, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (['.git', 'node_modules'].includes(entry.name)) continue;
      if (entry.isDirectory()) walk(path);
      else if (taken(path)) cpSync(join(project, path), join(to, path), { recursive: true });
    }
  };
  walk('.');
  return to;
}

function startFrom(base, root, way, roots) {
  mkdirSync(dirname(root), { recursive: true });
  if (base === 'scratch') mkdirSync(root);
  else if (roots[base]) must('cp', ['-a', roots[base], root]);
  else if (/(^|\/)node:24-slim$/.test(base)) {
    if (way === 'root') must('cp', ['-a', debianWithNode(), root]);
    else mkdirSync(root);
  } else throw new Error(`nothing stands in for ${base}`);
}

function copy(text, { root, workdir }, roots, context) {
  const [, , from, paths] = /^(--from=(\S+)\s+)?(.*)$/.exec(text);
  const parts = paths.split(/\s+/);
  const target = parts.pop();
  const destination = join(root, target.startsWith('/') ? target : join(workdir, target));
  for (const part of parts) {
    const source = join(from ? roots[from] : context, part);
    // A folder's content is copied, a file goes below a target that ends as a folder does.
    const isFolder = statSync(source).isDirectory();
    const place =
      !isFolder && (target.endsWith('/') || parts.length > 1) ? join(destination, basename(part)) : destination;
    mkdirSync(dirname(place), { recursive: true });
    must('cp', isFolder ? ['-a', `${source}/.`, mkdir(place)] : ['-a', source, place]);
  }
}

function mkdir(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}

function runStep(command, { root, workdir, env }, { way, shell }) {
  const began = { ...environment(), ...env };
  if (way === 'root') {
    for (const file of ['/etc/resolv.conf', '/etc/ssl/certs/ca-certificates.crt']) {
      if (existsSync(file)) cpSync(file, join(root, file), { recursive: true, dereference: true });
    }
    const inside = `cd ${workdir} && exec "$@"`;
    const args = ['chroot', root, '/bin/sh', '-c', inside, 'sh', ...shell, command];
    must(
      'unshare',
      ['--mount', 'sh', '-c', `mount -t proc proc ${join(root, 'proc')} && exec "$@"`, 'sh', ...args],
      began,
    );
  } else {
    const path = `${join(nodeFolder(), 'bin')}:${process.env.PATH}`;
    must(shell[0], [...shell.slice(1), command], { ...began, PATH: path }, join(root, workdir));
  }
}

function environment() {
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD|CI$)/.test(name))),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/tmp',
    npm_config_update_notifier: 'false',
    npm_config_registry: must('npm', ['config', 'get', 'registry']).trim(),
    ...(process.env.NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS }),
  };
}

/** Debian's least system with node and npm where node's image has them; made once. */
function debianWithNode() {
  const made = join(cache, `debian-${SUITE}-node-${NODE}`);
  if (existsSync(made)) return made;
  const making = `${made}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  must('debootstrap', ['--variant=minbase', '--include=ca-certificates', SUITE, making]);
  const local = join(making, 'usr/local');
  must('cp', ['-a', `${nodeFolder()}/.`, local]);
  rmSync(join(making, 'var/cache/apt'), { recursive: true, force: true });
  rmSync(join(making, 'var/lib/apt/lists'), { recursive: true, force: true });
  renameSync(making, made);
  return made;
}

/** bin/node of npm's package `node`, and the npm of this machine beside it. */
export function nodeFolder() {
  const made = join(cache, `node-${NODE}`);
  if (existsSync(made)) return made;
  const making = `${made}.${process.pid}`;
  mkdirSync(join(making, 'bin'), { recursive: true });
  mkdirSync(join(making, 'lib/node_modules'), { recursive: true });
  const file = must('npm', ['pack', '--silent', `node-linux-${process.arch}@${NODE}`], process.env, making).trim();
  must('tar', ['xzf', file, 'package/bin/node'], process.env, making);
  renameSync(join(making, 'package/bin/node'), join(making, 'bin/node'));
  rmSync(join(making, 'package'), { recursive: true });
  rmSync(join(making, file));
  must('cp', ['-aL', join(must('npm', ['root', '-g']).trim(), 'npm'), join(making, 'lib/node_modules/npm')]);
  must('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(making, 'bin/npm')]);
  renameSync(making, made);
  return made;
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

export function must(program, args, env = process.env, cwd = project) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env,
    cwd,
    maxBuffer: 1 << 27,
  });
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')}: ${error ?? ''}${stdout}${stderr}`.slice(-4_000));
  return stdout;
}
