import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../support/project-root.js';

const PRELOAD = join(PROJECT_ROOT, 'test/support/host-clock.cjs');
const FOLDER = join(PROJECT_ROOT, 'node_modules/.cache/faults');

/** The wall clocks of the replicas' hosts, one each, right at first; they can be set wrong while the replicas run. */
export class HostClocks {
  private readonly folder: string;

  constructor(count: number) {
    mkdirSync(FOLDER, { recursive: true });
    this.folder = mkdtempSync(join(FOLDER, 'clocks-'));
    for (let index = 0; index < count; index += 1) this.step(index, 0);
  }

  /** For `ClusterOptions.envOf`. */
  envOf(index: number): Record<string, string> {
    return { NODE_OPTIONS: `--require=${PRELOAD}`, TEST_CLOCK_FILE: this.fileOf(index) };
  }

  /** Wrong by so much from now on. */
  step(index: number, shiftMs: number): void {
    const file = this.fileOf(index);
    writeFileSync(`${file}.new`, String(shiftMs));
    renameSync(`${file}.new`, file);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private fileOf(index: number): string {
    return join(this.folder, String(index));
  }
}
