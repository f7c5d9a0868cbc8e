import { pino } from 'pino';
import { NestLogger } from '../../../src/platform/logging/nest-logger.js';

const RUN = '019eb167-5600-7a16-baf7-5c55017786bb';
const JOB = '019eb167-5600-7a16-baf7-5c55017786bc';

function lineOf(write: (logger: NestLogger) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(new NestLogger(pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(line) })));
  return JSON.parse(lines.join('')) as Record<string, unknown>;
}

it('names the run that it speaks of', () => {
  const line = lineOf((logger) => logger.warn(`run ${RUN} lost its worker; attempt 2 follows now`, 'Recovery'));
  expect(line).toMatchObject({ runId: RUN, context: 'Recovery' });
  expect(line).not.toHaveProperty('jobId');
});

it('names job and run, of several the first', () => {
  const text = `job ${JOB}: run ${RUN} before run ${JOB}`;
  expect(lineOf((logger) => logger.error(text, 'X'))).toMatchObject({ jobId: JOB, runId: RUN });
});

it('leaves what is said outright as it is', () => {
  const line = lineOf((logger) => logger.log({ msg: `run ${RUN} ended`, runId: 'given' }, 'X'));
  expect(line).toMatchObject({ runId: 'given', msg: `run ${RUN} ended` });
});

it('finds no id in other words', () => {
  expect(lineOf((logger) => logger.log(`runs ${RUN}, or job 12`, 'X'))).toEqual({
    ...{ level: 30, context: 'X', msg: `runs ${RUN}, or job 12` },
  });
});
