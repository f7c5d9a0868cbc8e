import { Messages } from '../../../src/messaging/messages.js';
import { LedgerRunQueue } from '../../../src/queue/ledger-run-queue.js';
import type { RunIntake } from '../../../src/queue/run-queue.js';
import { SettableClock } from '../../support/settable-clock.js';

class NoMessages extends Messages {
  publish(): void {}
  subscribe(): void {}
}

const T0 = Date.UTC(2026, 2, 29);

/** A ledger with one retry, due while a claim that looked too early is still under way. */
class SlowLedger implements RunIntake {
  readonly looks: number[] = [];
  private claimed = false;
  readonly done: Promise<void>;
  private finish: () => void = () => undefined;

  constructor(
    private readonly clock: SettableClock,
    private readonly dueAt: number,
  ) {
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  claimByIds(): Promise<void> {
    return Promise.resolve();
  }

  claimWaiting(): Promise<boolean> {
    this.looks.push(this.clock.now());
    if (this.clock.now() >= this.dueAt) {
      this.claimed = true;
      this.finish();
    } else this.clock.set(this.dueAt + 5);
    return Promise.resolve(false);
  }

  nextAvailable(after: number): Promise<number | null> {
    return Promise.resolve(!this.claimed && this.dueAt > after ? this.dueAt : null);
  }
}

test('a retry that becomes due while the ledger is looked through is taken at once, not at the next poll', async () => {
  const clock = new SettableClock(T0);
  const ledger = new SlowLedger(clock, T0 + 100);
  const queue = new LedgerRunQueue(new NoMessages(), clock);
  const startedMs = performance.now();
  await queue.consume(ledger);
  await ledger.done;
  await queue.stop();
  expect(ledger.looks).toEqual([T0, T0 + 105]);
  // The poll comes after a second.
  expect(performance.now() - startedMs).toBeLessThan(500);
});

/** A ledger in which nothing waits, and which notes how long a first attempt must have waited to be asked for. */
class QuietLedger implements RunIntake {
  readonly youngestMs: number[] = [];
  private readonly waiting: { looks: number; resolve: () => void }[] = [];

  looked(looks: number): Promise<void> {
    if (this.youngestMs.length >= looks) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ looks, resolve }));
  }

  claimByIds(): Promise<void> {
    return Promise.resolve();
  }

  claimWaiting(_limit: number, queuedForMs: number): Promise<boolean> {
    this.youngestMs.push(queuedForMs);
    for (const { looks, resolve } of this.waiting) if (this.youngestMs.length >= looks) resolve();
    return Promise.resolve(false);
  }

  nextAvailable(): Promise<null> {
    return Promise.resolve(null);
  }
}

test('who looks unbidden leaves the first attempts of a herd that is still being planned; who is told takes all', async () => {
  const ledger = new QuietLedger();
  const queue = new LedgerRunQueue(new NoMessages(), new SettableClock(T0));
  await queue.consume(ledger);
  await ledger.looked(1);
  await queue.enqueue([{ id: 'a run' }]);
  await ledger.looked(2);
  // Nobody says anything: the poll, a second later.
  await ledger.looked(3);
  await queue.stop();
  expect(ledger.youngestMs).toEqual([1_000, 0, 1_000]);
});

test('a hint that comes while the ledger is looked through is not lost to the look under way', async () => {
  const ledger = new QuietLedger();
  const queue = new LedgerRunQueue(new NoMessages(), new SettableClock(T0));
  await queue.consume(ledger);
  // The first look has begun, and does not know of this run.
  await queue.enqueue([{ id: 'a run' }]);
  await ledger.looked(2);
  await queue.stop();
  expect(ledger.youngestMs).toEqual([1_000, 0]);
});
