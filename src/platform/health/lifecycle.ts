import { Injectable } from '@nestjs/common';

/** Where the process stands, for the probes and for whoever has something to end. */
@Injectable()
export class Lifecycle {
  phase: 'starting' | 'started' | 'stopping' = 'starting';
  /** It stops because of an error that nobody caught: what was under way may be the cause. */
  failed = false;
  /** On the monotonic clock: by then what is under way has ended or is ended. Infinity until the process stops. */
  finishByMs = Infinity;
}
