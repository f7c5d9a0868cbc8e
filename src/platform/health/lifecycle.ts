import { Injectable } from '@nestjs/common';

/** Where the process stands, for the probes. */
@Injectable()
export class Lifecycle {
  phase: 'starting' | 'started' | 'stopping' = 'starting';
}
