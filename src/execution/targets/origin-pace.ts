/** Calls to one origin that begin at once, each on a connection of its own. */
const AT_ONCE = 64;
/** While calls wait, so many more may be under way each time. */
const MORE = 10;
const EVERY_MS = 5;

interface Origin {
  underWay: number;
  /** As many may be under way. */
  room: number;
  readonly waiting: Set<() => void>;
  timer: NodeJS.Timeout | undefined;
}

export interface Place {
  /** Calls `begin` now or when there is room for it, the calls of an origin in their order. */
  enter(begin: () => void): void;
  /** When the call has ended or nobody waits for it any more: what has not begun then never will. */
  leave(): void;
}

/**
 * Lets the calls of a herd begin as fast as their target answers, and not all on new connections: to open one takes several times
 * what a call takes on one that is open, and a target that answers in a millisecond needs few. One that does not answer gets
 * the rest of the connections soon: five hundred calls at once have all begun within 220 ms.
 */
export class OriginPace {
  private readonly origins = new Map<string, Origin>();

  /** For one call. */
  at(name: string): Place {
    let origin: Origin | null = null;
    let waits: (() => void) | null = null;
    return {
      enter: (begin) => {
        const found = this.origins.get(name) ?? { underWay: 0, room: AT_ONCE, waiting: new Set(), timer: undefined };
        origin = found;
        this.origins.set(name, found);
        if (found.underWay < found.room) {
          found.underWay += 1;
          begin();
          return;
        }
        waits = begin;
        found.waiting.add(begin);
        found.timer ??= setInterval(() => {
          found.room += MORE;
          letIn(found);
        }, EVERY_MS);
      },
      leave: () => {
        const left = origin;
        origin = null;
        if (left === null) return;
        if (waits !== null && left.waiting.delete(waits)) this.tidy(name, left);
        // Undici uses a connection again a turn of the event loop after its answer, by an immediate that it has yet to set.
        else queueMicrotask(() => setImmediate(() => this.leave(name, left)));
      },
    };
  }

  private leave(name: string, origin: Origin): void {
    origin.underWay -= 1;
    letIn(origin);
    this.tidy(name, origin);
  }

  private tidy(name: string, origin: Origin): void {
    if (origin.waiting.size === 0) stopTimer(origin);
    if (origin.waiting.size === 0 && origin.underWay === 0) this.origins.delete(name);
  }
}

function letIn(origin: Origin): void {
  for (const begin of origin.waiting) {
    if (origin.underWay >= origin.room) return;
    origin.waiting.delete(begin);
    origin.underWay += 1;
    begin();
  }
  stopTimer(origin);
}

function stopTimer(origin: Origin): void {
  clearInterval(origin.timer);
  origin.timer = undefined;
}
