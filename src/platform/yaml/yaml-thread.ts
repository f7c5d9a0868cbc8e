import type { MessagePort } from 'node:worker_threads';
import type * as Yaml from 'yaml';

export interface YamlTask {
  /** Where the package `yaml` lies. */
  readonly library: string;
  readonly text: string;
  readonly maxAliases: number;
  /** Longest JSON that may come of it: aliases repeat what they name. */
  readonly maxJsonLength: number;
}

export type YamlOutcome =
  /** JSON text of the list of documents. */
  { readonly json: string } | { readonly fault: 'syntax' | 'too_much'; readonly detail: string };

/**
 * Runs in a thread of its own, as source text: it must not refer to anything outside of itself. Only the core schema of YAML
 * 1.2 is known (no merge keys, dates, binaries or tags of an application), and names must be texts, each once.
 */
export function readYamlInThread(require: (id: string) => unknown): void {
  const { parentPort, workerData } = require('node:worker_threads') as {
    parentPort: MessagePort;
    workerData: YamlTask;
  };
  const { LineCounter, parseAllDocuments } = require(workerData.library) as typeof Yaml;

  const read = (): YamlOutcome => {
    const lines = new LineCounter();
    const documents = parseAllDocuments(workerData.text, {
      ...{ version: '1.2', schema: 'core', stringKeys: true, uniqueKeys: true, merge: false },
      ...{ lineCounter: lines, prettyErrors: false, logLevel: 'silent' },
    } as const);
    if (!Array.isArray(documents)) return { json: '[]' };
    for (const document of documents) {
      const [problem] = [...document.errors, ...document.warnings];
      if (problem === undefined) continue;
      const { line, col } = lines.linePos(problem.pos[0]);
      // Its message would quote the text.
      const what = problem.code.toLowerCase().replaceAll('_', ' ');
      return { fault: 'syntax', detail: `line ${line}, column ${col}: ${what}` };
    }
    const json = JSON.stringify(
      documents.map((document) => document.toJS({ maxAliasCount: workerData.maxAliases }) as unknown),
      (_name, value: unknown) => {
        if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('a number is not finite');
        return value;
      },
    );
    return json.length <= workerData.maxJsonLength ? { json } : { fault: 'too_much', detail: 'its aliases' };
  };

  try {
    parentPort.postMessage(read());
  } catch (error) {
    if (error instanceof TypeError) parentPort.postMessage({ fault: 'syntax', detail: error.message });
    else if (error instanceof ReferenceError && error.message.startsWith('Unresolved')) {
      parentPort.postMessage({ fault: 'syntax', detail: 'an alias names nothing before it' });
    } else if (error instanceof ReferenceError) parentPort.postMessage({ fault: 'too_much', detail: 'its aliases' });
    else if (error instanceof RangeError) parentPort.postMessage({ fault: 'too_much', detail: 'its depth' });
    else throw error;
  }
}
