import { hostname } from 'node:os';

/** How this process is named to people; nothing is decided by it. */
export const REPLICA_ID = `${hostname()}-${process.pid}`;
