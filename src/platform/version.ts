import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// From src/platform and from dist/platform alike, package.json is two folders up.
const PACKAGE = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

export const VERSION = PACKAGE.version;

/** What targets see in `user-agent`. */
export const USER_AGENT = `Carillon/${VERSION}`;
