import { fromBench } from './bench-modules.js';

interface Call {
  runId: string;
  jobId: string;
  scheduledFor: number;
  receivedAt: number;
}

interface Accounts {
  account(calls: Call[], expected: string[]): Record<string, number>;
  occurrencesOf(ids: string[], instants: number[]): string[];
  latenessesOf(calls: Call[]): Float64Array;
}

const AT = 1_764_000_000_000;
const call = (jobId: string, more: Partial<Call> = {}): Call => ({
  ...{ jobId, runId: `run of ${jobId}`, scheduledFor: AT, receivedAt: AT + 5 },
  ...more,
});

describe('the account of a benchmark', () => {
  let accounts: Accounts;
  let expected: string[];

  beforeAll(async () => {
    accounts = await fromBench('account.mjs');
    expected = accounts.occurrencesOf(['a', 'b'], [AT]);
  });

  it('finds nothing where each occurrence came once', () => {
    const found = accounts.account([call('b'), call('a')], expected);
    expect(found).toEqual({ missing: 0, doubled: 0, repeated: 0, stray: 0, early: 0 });
  });

  it('counts what did not come', () => {
    expect(accounts.account([call('a')], expected)).toMatchObject({ missing: 1, stray: 0 });
    expect(accounts.account([], expected)).toMatchObject({ missing: 2 });
  });

  it('tells two runs of one occurrence from a repeated call of one run', () => {
    const calls = [call('a'), call('b'), call('a'), call('b', { runId: 'another' }), call('b', { runId: 'a third' })];
    expect(accounts.account(calls, expected)).toMatchObject({ missing: 0, doubled: 1, repeated: 1 });
  });

  it('counts a call for another instant as stray, and the occurrence as missing', () => {
    const calls = [call('a'), call('b', { scheduledFor: AT + 1_000, receivedAt: AT + 1_001 })];
    expect(accounts.account(calls, expected)).toMatchObject({ missing: 1, stray: 1 });
  });

  it('counts a call before its instant, and one without a readable instant as stray', () => {
    const calls = [call('a', { receivedAt: AT - 0.5 }), call('b', { scheduledFor: NaN })];
    expect(accounts.account(calls, expected)).toMatchObject({ early: 1, stray: 1, missing: 1 });
  });

  it('orders latenesses', () => {
    const calls = [call('a', { receivedAt: AT + 9 }), call('b', { receivedAt: AT + 3 })];
    expect([...accounts.latenessesOf(calls)]).toEqual([3, 9]);
  });
});
