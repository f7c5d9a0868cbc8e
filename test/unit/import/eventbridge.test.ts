import { importEventBridge } from '../../../src/domain/import/eventbridge.js';

/** As `aws scheduler get-schedule` of version 2 answers. */
const RATE = {
  Arn: 'arn:aws:scheduler:eu-west-1:123456789012:schedule/default/poll-partner',
  CreationDate: '2024-03-05T09:58:41.512000+01:00',
  Description: 'Polls the partner',
  FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 },
  GroupName: 'default',
  LastModificationDate: '2024-03-05T09:58:41.512000+01:00',
  Name: 'poll-partner',
  ScheduleExpression: 'rate(2 days)',
  ScheduleExpressionTimezone: 'Europe/Berlin',
  State: 'ENABLED',
  ActionAfterCompletion: 'NONE',
  Target: {
    Arn: 'arn:aws:lambda:eu-west-1:123456789012:function:poll',
    Input:
      '{"at":"<aws.scheduler.scheduled-time>","try":"<aws.scheduler.attempt-number>","arn":"<aws.scheduler.schedule-arn>"}',
    RetryPolicy: { MaximumEventAgeInSeconds: 86400, MaximumRetryAttempts: 185 },
    RoleArn: 'arn:aws:iam::123456789012:role/scheduler',
    DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:123456789012:dlq' },
  },
};
const CRON = {
  ...RATE,
  Name: 'payroll',
  ScheduleExpression: 'cron(15 10 ? * 6L 2024-2035)',
  StartDate: '2024-06-01T00:00:00+00:00',
  EndDate: 1893456000,
  State: 'DISABLED',
  FlexibleTimeWindow: { Mode: 'OFF' },
  KmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
  Target: {
    Arn: 'arn:aws:sqs:eu-west-1:123456789012:queue',
    Input: 'plain text',
    SqsParameters: { MessageGroupId: 'g' },
    RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
  },
};
const ONCE = {
  Name: 'launch',
  ScheduleExpression: 'at(2030-11-20T13:00:00)',
  ScheduleExpressionTimezone: 'America/Los_Angeles',
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage', RoleArn: 'r' },
};

test('rates, cron expressions and times become jobs', () => {
  const { jobs } = importEventBridge([[RATE, CRON, ONCE]]);
  expect(jobs).toEqual([
    {
      place: { pointer: '/0' },
      name: 'poll-partner',
      settings: {
        description: 'Polls the partner',
        schedule: { type: 'interval', every: 'PT2880M', anchorAt: '2024-03-05T08:58:41.512Z', jitter: 'PT5M' },
        retry: { maxAttempts: 100, maxElapsed: 'PT86400S' },
      },
      target: { url: null, body: { at: '{{scheduledFor}}', try: '{{attempt}}', arn: '<aws.scheduler.schedule-arn>' } },
    },
    {
      place: { pointer: '/1' },
      name: 'payroll',
      settings: {
        description: 'Polls the partner',
        schedule: {
          ...{ type: 'cron', expression: '0 15 10 ? * 5L 2024-2035', timeZone: 'Europe/Berlin', dst: { gap: 'skip' } },
          ...{ startAt: '2024-06-01T00:00:00.000Z', endAt: '2030-01-01T00:00:00.000Z' },
        },
        retry: { maxAttempts: 1, maxElapsed: 'PT60S' },
        paused: true,
      },
      target: { url: null, body: 'plain text' },
    },
    {
      place: { pointer: '/2' },
      name: 'launch',
      settings: { schedule: { type: 'once', at: '2030-11-20T13:00:00', timeZone: 'America/Los_Angeles' } },
      target: { url: null },
    },
  ]);
});

test('what is of AWS alone is told by its pointer', () => {
  const { report } = importEventBridge([[RATE, CRON, ONCE]]);
  expect(report.losses.map(({ job, place, code }) => [job, 'pointer' in place ? place.pointer : null, code])).toEqual([
    ['poll-partner', '/0/Target/Arn', 'no_equivalent'],
    ['poll-partner', '/0/Target/RoleArn', 'credentials'],
    ['poll-partner', '/0/Target/DeadLetterConfig', 'no_equivalent'],
    ['poll-partner', '/0/Target/Input', 'approximated'],
    ['poll-partner', '/0/Target/RetryPolicy/MaximumRetryAttempts', 'approximated'],
    ['payroll', '/1/Target/Arn', 'no_equivalent'],
    ['payroll', '/1/Target/SqsParameters', 'no_equivalent'],
    ['payroll', '/1/KmsKeyArn', 'no_equivalent'],
    ['launch', '/2/ActionAfterCompletion', 'no_equivalent'],
    ['launch', '/2/Target/Arn', 'no_equivalent'],
    ['launch', '/2/Target/RoleArn', 'credentials'],
  ]);
});

test('what list-schedules answers has no expressions, and says so', () => {
  const summary = {
    Arn: RATE.Arn,
    CreationDate: 1709629121.512,
    GroupName: 'default',
    Name: 'poll-partner',
    State: 'ENABLED',
    Target: { Arn: 'a' },
  };
  const { jobs, report } = importEventBridge([{ Schedules: [summary] }]);
  expect(jobs).toEqual([]);
  expect(report.losses).toMatchObject([
    {
      scope: 'job',
      job: 'poll-partner',
      place: { pointer: '/Schedules/0/ScheduleExpression' },
      code: 'unsupported_schedule',
    },
  ]);
});

test('names of several groups are told apart', () => {
  const { jobs } = importEventBridge([[RATE, { ...RATE, GroupName: 'batch' }]]);
  expect(jobs.map(({ name, settings }) => [name, settings['labels']])).toEqual([
    ['default/poll-partner', undefined],
    ['batch/poll-partner', { group: 'batch' }],
  ]);
});

test.each([
  'every(5 minutes)',
  'rate(5 weeks)',
  'rate(0.5 hours)',
  'cron(0 8 * * ?)',
  'cron(0 8 ? * 0 *)',
  'CRON(0 8 ? * 2 *)',
  '',
])('%s is no expression', (ScheduleExpression) => {
  const { jobs, report } = importEventBridge([{ ...RATE, ScheduleExpression }]);
  expect(jobs).toEqual([]);
  expect(report.losses.filter(({ scope }) => scope === 'job')).toMatchObject([{ code: 'unsupported_schedule' }]);
});
