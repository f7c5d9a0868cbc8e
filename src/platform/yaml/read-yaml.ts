import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { Problem } from '../../domain/errors.js';
import { readYamlInThread, type YamlOutcome, type YamlTask } from './yaml-thread.js';

const MAX_ALIASES = 100;
const MAX_JSON_LENGTH = 4 * 1_048_576;
/** A file of 1 MiB that people write takes less than a second; one made to be slow would take ten, and all memory. */
const LIMIT_MS = 5_000;
const MEMORY_MB = 256;
const STACK_MB = 4;

/** So many are read at once in this process, and so many wait for it; YAML takes a hundred times as long as JSON. */
const MAX_READING = 2;
const MAX_WAITING = 8;

let reading = 0;
const waiting: (() => void)[] = [];

/**
 * The documents of a YAML text as JSON values. It is read in a thread that is ended when it takes too long or too much
 * memory, so that no text stops planning or delivery. Throws a Problem: `malformed_yaml`, `invalid` for aliases, depth and
 * size beyond reason, `unavailable` when too many texts wait already.
 */
export async function readYaml(text: string, limitMs: number = LIMIT_MS): Promise<unknown[]> {
  await takePlace();
  try {
    const outcome = await inThread(text, limitMs);
    if ('json' in outcome) return JSON.parse(outcome.json) as unknown[];
    if (outcome.fault === 'syntax') {
      throw new Problem('malformed_yaml', `the body can't be read as YAML 1.2: ${outcome.detail}`);
    }
    const detail = `is more than is read: ${outcome.detail}`;
    throw new Problem('invalid', `the content ${detail}`, [{ pointer: '', code: 'too_much', detail }]);
  } finally {
    const next = waiting.shift();
    // Whoever waited longest gets this place; nobody who comes now may slip in before.
    if (next === undefined) reading -= 1;
    else next();
  }
}

async function takePlace(): Promise<void> {
  if (reading >= MAX_READING) {
    if (waiting.length >= MAX_WAITING) throw new Problem('unavailable', 'too much YAML is being read', [], 2);
    await new Promise<void>((go) => waiting.push(go));
    return;
  }
  reading += 1;
}

function inThread(text: string, limitMs: number): Promise<YamlOutcome> {
  const library = createRequire(import.meta.url).resolve('yaml');
  const task: YamlTask = { library, text, maxAliases: MAX_ALIASES, maxJsonLength: MAX_JSON_LENGTH };
  return new Promise((resolve) => {
    const thread = new Worker(`(${readYamlInThread.toString()})(require)`, {
      ...{ eval: true, workerData: task, env: {}, execArgv: [], stdout: true, stderr: true },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: STACK_MB },
    });
    const done = (outcome: YamlOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
      void thread.terminate();
    };
    const timer = setTimeout(() => done({ fault: 'too_much', detail: 'the time it takes' }), limitMs);
    thread.once('message', done);
    // Out of memory, most likely: the thread ends, the process goes on.
    thread.once('error', () => done({ fault: 'too_much', detail: 'the memory it takes' }));
    thread.once('exit', () => done({ fault: 'too_much', detail: 'the memory it takes' }));
  });
}
