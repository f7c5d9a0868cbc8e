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

/** A ledger of which nothing can be claimed, and which notes how long a first attempt must have waited to be asked for. */
class QuietLedger implements RunIntake {
  readonly youngestMs: number[] = [];
  /** How often it was asked what comes next. */
  questions = 0;
  /** An instant at which a run is there to be seen. */
  waitingSince: number | null = null;
  /** What keeps the next answer back. */
  answerAfter: Promise<void> = Promise.resolve();
  onQuestion: () => void = () => undefined;
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

  async nextAvailable(after: number): Promise<number | null> {
    this.questions += 1;
    const answer = this.waitingSince !== null && this.waitingSince > after ? this.waitingSince : null;
    this.onQuestion();
    await this.answerAfter;
    return answer;
  }
}

test('who looks unbidden leaves the first attempts of a herd that is still being planned; who is told takes all', async () => {
  const ledger = new QuietLedger();
  ledger.waitingSince = T0;
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

test('a poll that finds nothing asks one question and claims nothing', async () => {
  const ledger = new QuietLedger();
  const queue = new LedgerRunQueue(new NoMessages(), new SettableClock(T0));
  const polled = new Promise<void>((resolve) => {
    ledger.onQuestion = () => {
      if (ledger.questions === 3) resolve();
    };
  });
  await queue.consume(ledger);
  await polled; // once after the first look, then by two polls
  await queue.stop();
  expect(ledger.youngestMs).toEqual([1_000]);
});

test('a run that nobody announced is claimed by the poll', async () => {
  const ledger = new QuietLedger();
  const queue = new LedgerRunQueue(new NoMessages(), new SettableClock(T0));
  await queue.consume(ledger);
  await ledger.looked(1);
  ledger.waitingSince = T0 - 5_000;
  await ledger.looked(2);
  await queue.stop();
  expect(ledger.youngestMs).toEqual([1_000, 1_000]);
});

test.each([
  ['a hint', (queue: LedgerRunQueue) => void queue.enqueue([{ id: 'a run' }]), 0],
  ['a retry', (queue: LedgerRunQueue) => queue.wakeAt(T0 + 20), 1_000],
])('%s that comes while a poll waits for its answer is not lost', async (_name, announce, youngestMs) => {
  const ledger = new QuietLedger();
  const queue = new LedgerRunQueue(new NoMessages(), new SettableClock(T0));
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    ledger.onQuestion = () => {
      if (ledger.questions !== 2) return;
      ledger.answerAfter = new Promise((done) => (answer = done));
      resolve();
    };
  });
  await queue.consume(ledger);
  await asked;
  announce(queue);
  answer();
  const startedMs = performance.now();
  await ledger.looked(2);
  const tookMs = performance.now() - startedMs;
  await queue.stop();
  expect(ledger.youngestMs).toEqual([1_000, youngestMs]);
  expect(tookMs).toBeLessThan(500); // the next poll comes after a second
});
