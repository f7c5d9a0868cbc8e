import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { Redis } from 'ioredis';
import { median } from './statistics.mjs';

/** Resident memory of a process in MB, and the CPU seconds it has used. */
export async function usage(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return {
    memoryMb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1_024,
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / 100,
  };
}

/** CPU seconds that a process and those it started have used, the ended ones among them. */
export async function cpuSecondsOfTree(pid) {
  const all = new Map();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const text = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => null); // it may have ended meanwhile
    if (text === null) continue;
    const [, parent, ...rest] = text.replace(/^.*\) /, '').split(' ');
    all.set(Number(entry), { parent: Number(parent), ticks: rest.slice(9, 13).map(Number) });
  }
  const sumOf = (id, { ticks: [user, system, endedUser, endedSystem] }) => {
    let ticks = user + system + endedUser + endedSystem;
    for (const [child, stat] of all) if (stat.parent === id) ticks += sumOf(child, stat);
    return ticks;
  };
  return all.has(pid) ? sumOf(pid, all.get(pid)) / 100 : 0;
}

/** CPU seconds by part, and of the whole machine (`machine`). `pids`: the process at the head of each part, or several. */
export async function cpuOf(pids) {
  const read = async ([name, heads]) => {
    const each = await Promise.all([heads].flat().map(cpuSecondsOfTree));
    return [name, each.reduce((sum, seconds) => sum + seconds, 0)];
  };
  const parts = await Promise.all(Object.entries(pids).map(read));
  return { ...Object.fromEntries(parts), machine: cpuSecondsOfMachine() };
}

/** CPU seconds by part between two readings of `cpuOf`; `others`: of all else on the machine. */
export function cpuBetween(before, after) {
  const parts = Object.keys(before).map((name) => [name, after[name] - before[name]]);
  const { machine, ...own } = Object.fromEntries(parts);
  const ours = Object.values(own).reduce((sum, seconds) => sum + seconds, 0);
  return { ...own, others: Math.max(0, machine - ours) };
}

/** Of several answers of `cpuBetween`, part by part. */
export function medianOfParts(several) {
  return Object.fromEntries(Object.keys(several[0]).map((part) => [part, median(several.map((one) => one[part]))]));
}

function cpuSecondsOfMachine() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1_000;
}

/** A backend's parent. */
export async function postmasterPid(pool) {
  const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
  const stat = await readFile(`/proc/${rows[0].pid}/stat`, 'utf8');
  return Number(stat.replace(/^.*\) /, '').split(' ')[1]);
}

export async function redisPid(url) {
  const redis = new Redis(url);
  const info = await redis.info('server');
  redis.disconnect();
  return Number(/process_id:(\d+)/.exec(info)[1]);
}
