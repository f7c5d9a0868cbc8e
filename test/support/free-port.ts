export { findFreePort } from '../../src/platform/embedded-postgres/free-port.js';
