import fc from 'fast-check';
import { Redaction } from '../../../src/execution/targets/redaction.js';

const MASKED = '********';
const redact = (secrets: readonly string[], text: string): string => new Redaction(secrets).text(text);

test.each([
  ['as it is', 'Bearer abc"123&x', 'got Bearer abc"123&x', `got ${MASKED}`],
  ['without its scheme', 'Bearer abc"123&x', 'token abc"123&x!', `token ${MASKED}!`],
  ['in JSON', 'Bearer abc"123&x', '{"a":"Bearer abc\\"123&x"}', `{"a":"${MASKED}"}`],
  ['in a URL', 'a b/c?d=e', 'x=a%20b%2Fc%3Fd%3De', `x=${MASKED}`],
  ['in a form', 'a b/c?d=e', 'x=a+b%2Fc%3Fd%3De', `x=${MASKED}`],
  ['in HTML', 'abc"123&x', '<p>abc&quot;123&amp;x</p>', `<p>${MASKED}</p>`],
  ['in base64', 'abc"123&x', `b ${Buffer.from('abc"123&x').toString('base64')}`, `b ${MASKED}`],
  [
    'what a Basic credential holds',
    `Basic ${Buffer.from('me:p4ssword').toString('base64')}`,
    'me p4ssword',
    `me ${MASKED}`,
  ],
  ['a cookie of several', 'theme=dark; session=0123456789', 'session 0123456789 dark', `session ${MASKED} dark`],
  ['outside ASCII', 'gehéim-ß', 'es war gehéim-ß', `es war ${MASKED}`],
  ['twice', 'abcd', 'abcd,abcd', `${MASKED},${MASKED}`],
])('a secret is found %s', (_, secret, text, expected) => {
  expect(redact([secret], text)).toBe(expected);
});

test('a secret in Latin-1 bytes, as a header carries it', () => {
  const sent = Buffer.from('é-s3cret-ü', 'latin1');
  expect(new Redaction(['é-s3cret-ü']).bytes(Buffer.concat([Buffer.from('<'), sent])).toString('latin1')).toBe(
    `<${MASKED}`,
  );
});

test('of two, the longer one is not spoilt by the shorter', () => {
  expect(redact(['abcd', 'abcdefgh'], 'abcdefgh abcd')).toBe(`${MASKED} ${MASKED}`);
});

test('other text is left as it is, whatever its bytes', () => {
  const bytes = Buffer.from([0, 255, 128, 13, 10, 195]);
  expect(new Redaction(['s3cret']).bytes(bytes)).toEqual(bytes);
  expect(redact([], 'anything')).toBe('anything');
  expect(redact(['', 'abc'], 'abc')).toBe('abc'); // too short to be one
});

test('no secret is left, whatever is around it', () => {
  const visible = fc.string({
    unit: fc.constantFrom(...Array.from('abcXYZ019+/=&"\'<>% ;:,\\')),
    minLength: 4,
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      fc.array(visible, { minLength: 1, maxLength: 4 }),
      fc.string(),
      fc.string(),
      (secrets, before, after) => {
        for (const secret of secrets) {
          if (MASKED.includes(secret)) continue;
          const shown = redact(secrets, `${before}\n${secret}\n${after}`);
          expect(shown.split('\n').slice(1, -1).join('\n')).not.toContain(secret);
        }
      },
    ),
  );
});
