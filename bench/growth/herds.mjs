import { account, latenessesOf, occurrencesOf } from '../support/account.mjs';
import { cpuBetween, cpuOf } from '../support/cpu.mjs';
import { registerAhead } from '../support/contestants.mjs';
import { percentiles } from '../support/statistics.mjs';

let herds = 0;

/**
 * One herd through `carillon` (contestants.mjs); `pids` of all parts whose CPU a fire costs. Lateness in ms; CPU in µs a fire;
 * `faults`: missing, doubled, repeated or not recorded.
 */
export async function herdOf(carillon, sink, pids, size) {
  herds += 1;
  const names = Array.from({ length: size }, (_, n) => `growth-${process.pid}-${herds}-${n}`);
  await sink.clear();
  const { atMs, ids } = await registerAhead(carillon, size, 500, (at) => carillon.herd({ names, atMs: at }));
  await new Promise((resolve) => setTimeout(resolve, atMs - 300 - Date.now()));
  const before = await cpuOf(pids);
  await sink.waitFor(size, 60_000);
  const notRecorded = await carillon.notRecorded(size, atMs, atMs);
  const cpu = cpuBetween(before, await cpuOf(pids));
  const calls = await sink.calls();
  const { p50, max } = percentiles(latenessesOf(calls));
  const { missing, doubled, repeated, early } = account(calls, occurrencesOf(ids, [atMs]));
  const each = (part) => ((cpu[part] ?? 0) * 1e6) / size;
  return {
    ...{ p50, max, serviceMicros: each('service'), postgresMicros: each('postgres'), redisMicros: each('redis') },
    faults: missing + doubled + repeated + early + notRecorded,
  };
}
