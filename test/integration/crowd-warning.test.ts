import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());
beforeEach(() => api.reset());

const TARGET = 'https://example.com/hook';
const WARNING = 'same instant as 412 other jobs: consider H';

/** Jobs that are due each day at nine. */
async function jobs(count: number): Promise<void> {
  for (let from = 0; from < count; from += 100) {
    const some = Array.from({ length: Math.min(100, count - from) }, (_, index) => {
      return { name: `job ${from + index}`, schedule: '0 9 * * *', target: TARGET };
    });
    const { body } = await api.call('POST', '/jobs/bulk', { action: 'create', jobs: some });
    expect(body['succeeded']).toBe(some.length);
  }
}

const preview = async (schedule: unknown): Promise<unknown> => {
  const { status, body } = await api.call('POST', '/schedules/preview', { schedule, count: 1 });
  expect(status).toBe(200);
  return body['warnings'];
};
const ofJob = async ({ id }: Json): Promise<unknown> =>
  (await api.call('GET', `/jobs/${id}/occurrences?count=1`)).body['warnings'];

test('warns of the instant that many jobs share, and of no other', async () => {
  await jobs(412);
  expect(await preview('0 9 * * *')).toEqual([WARNING]);
  // 09:00 in UTC by another clock.
  expect(await preview({ type: 'cron', expression: '0 10 * * *', timeZone: 'Europe/Paris' })).toEqual([WARNING]);
  expect(await preview('1 9 * * *')).toEqual([]);
  expect(await preview('H 9 * * *')).toEqual([]);
  expect(await preview({ type: 'cron', expression: '0 9 * * *', jitter: '5m' })).toEqual([]);
  expect(await preview({ anyOf: ['0 9 * * *', '0 17 * * *'] })).toEqual([WARNING.replace('H', 'jitter')]);

  const one = await api.create({ name: 'one more', schedule: '0 9 * * *', target: TARGET });
  // Itself it does not count; who asks next counts it.
  expect(await ofJob(one)).toEqual([WARNING]);
  expect(await preview('0 9 * * *')).toEqual([WARNING.replace('412', '413')]);
  await api.call('POST', `/jobs/${one.id}/pause`);
  expect(await preview('0 9 * * *')).toEqual([WARNING]);
});

test('few jobs at one instant are no crowd', async () => {
  await jobs(19);
  expect(await preview('0 9 * * *')).toEqual([]);
  await api.create({ name: 'the twentieth', schedule: '0 9 * * *', target: TARGET });
  expect(await preview('0 9 * * *')).toEqual(['same instant as 20 other jobs: consider H']);
});
