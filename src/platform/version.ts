import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './package-root.js';

const PACKAGE = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };

export const VERSION = PACKAGE.version;

/** What targets see in `user-agent`. */
export const USER_AGENT = `Carillon/${VERSION}`;
