import type { Caller } from './caller.js';

/** The headers that say who sends a request and where it is to act. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** `Carillon-Project`: name or id. */
  readonly project: string | undefined;
}

/** Finds out who sends a request; for those too that are answered for longer than a key may live. */
export abstract class Identification {
  /** Throws a Problem for who is not let in, and what the database throws when it can't be asked. */
  abstract identify(credentials: Credentials): Promise<Caller>;
}
