/** Kinds of requests, as the load generator numbers them. */
export const KINDS = ['read', 'list', 'write'];
