import { fromEventBridge, fromRobfig, fromVixie } from '../../../src/domain/import/cron-fields.js';

const text = (translated: { expression: string } | { refused: string }): string =>
  'expression' in translated ? translated.expression : `refused: ${translated.refused}`;

describe('days of the week of EventBridge, which count from 1 for Sunday', () => {
  it.each([
    ['1', 'SUN'],
    ['7', 'SAT'],
    ['2-6', 'MON,TUE,WED,THU,FRI'],
    ['MON-FRI', 'MON,TUE,WED,THU,FRI'],
    ['1,7', 'SUN,SAT'],
    ['6-2', 'FRI,SAT,SUN,MON'],
    ['FRI-MON', 'FRI,SAT,SUN,MON'],
    ['L', 'SAT'],
    ['6L', '5L'],
    ['FRIL', '5L'],
    ['3#2', '2#2'],
    ['MON#1', '1#1'],
    ['2/2', 'MON,WED,FRI'],
    ['2-7/3', 'MON,THU'],
    ['*/2', 'SUN,TUE,THU,SAT'],
    ['?', '?'],
    ['*', '*'],
  ])('%s is %s', (theirs, ours) => {
    expect(text(fromEventBridge(['0', '8', '?', '*', theirs, '*']))).toBe(`0 8 ? * ${ours}`);
  });

  it.each(['0', '8', '1-8', 'FUNDAY', '', 'L-1', '2/0'])('%s is none', (theirs) => {
    expect(text(fromEventBridge(['0', '8', '?', '*', theirs, '*']))).toMatch(/^refused/);
  });
});

test('a year of EventBridge makes seven fields, and other counts of fields are refused', () => {
  expect(text(fromEventBridge(['15', '10', 'L', '*', '?', '2026-2030']))).toBe('0 15 10 L * ? 2026-2030');
  expect(text(fromEventBridge(['15', '10', '*', '*', '?']))).toMatch(/^refused/);
});

describe('days of Vixie cron', () => {
  it.each([
    ['0 0 1 * 1', '0 0 1 * 1'],
    ['0 0 */1 * 1', '0 0 * * 1'],
    ['0 0 *,5 * 1', '0 0 * * 1'],
    ['0 0 */2 * *', '0 0 */2 * *'],
    ['0~30 4 * * *', 'H(0-30) 4 * * *'],
    ['~ ~ * * *', 'H H * * *'],
    ['0~9/3 * * * *', 'H(0-9)/3 * * * *'],
  ])('%s is %s', (theirs, ours) => {
    expect(text(fromVixie(theirs.split(' ')))).toBe(ours);
  });

  it.each(['0 0 */2 * 1', '0 0 1 * */2', '0 0 */2 * */2'])(
    '%s means both there, and either here: refused',
    (theirs) => {
      expect(text(fromVixie(theirs.split(' ')))).toMatch(/^refused: .*both match/);
    },
  );
});

test('a question mark of Kubernetes is a star in any field', () => {
  expect(text(fromRobfig('? 5 ? * 1-5'.split(' ')))).toBe('* 5 * * 1-5');
  expect(text(fromRobfig('*/1 5 */1 * 1'.split(' ')))).toBe('* 5 * * 1');
});
