import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Found by walking up, for the global setup runs a compiled copy of this file from a deeper folder. */
export const PROJECT_ROOT = findUpwards(dirname(fileURLToPath(import.meta.url)));

function findUpwards(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findUpwards(dirname(folder));
}
