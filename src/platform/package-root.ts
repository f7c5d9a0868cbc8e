import { join } from 'node:path';

/** Where package.json lies: two folders up from src/platform, dist/platform and dist/bundle alike. */
export const PACKAGE_ROOT = join(import.meta.dirname, '../..');
