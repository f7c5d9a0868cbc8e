import { refuseHeaderName, refuseHeaderText, refuseUrl } from '../../../src/domain/target.js';

test.each([
  ['https://example.com', null],
  ['http://127.0.0.1:8080/hook?a=b#c', null],
  ['http://[::1]/x', null],
  ['https://example.com/x?at={{scheduledFor}}&run={{runId}}', null],
  ['https://пример.рф/путь', null],
  [`https://example.com/${'x'.repeat(2_028)}`, null],
  [`https://example.com/${'x'.repeat(2_029)}`, 'too_long'],
  ['', 'invalid_url'],
  ['example.com', 'invalid_url'],
  ['/hook', 'invalid_url'],
  ['https://', 'invalid_url'],
  ['https:// example.com', 'invalid_url'],
  ['https://example.com/a b', 'invalid_url'],
  ['https://example.com/\n', 'invalid_url'],
  ['\thttps://example.com', 'invalid_url'],
  ['ftp://example.com', 'invalid_url'],
  ['javascript:alert(1)', 'invalid_url'],
  ['file:///etc/passwd', 'invalid_url'],
  ['https://user:secret@example.com', 'credentials_in_url'],
  ['https://user@example.com', 'credentials_in_url'],
  ['https://{{runId}}.example.com', 'invalid_url'],
  ['https://example.com/{{runId}}', 'invalid_url'],
  ['https://example.com:99999', 'invalid_url'],
])('the URL %j: %j', (url, code) => {
  expect(refuseUrl(url)?.code ?? null).toBe(code);
});

test.each([
  ['authorization', null],
  ['X-Api-Key', null],
  ['', 'invalid_header_name'],
  ['a b', 'invalid_header_name'],
  ['a:b', 'invalid_header_name'],
  ['ä', 'invalid_header_name'],
  ['a\r\nb', 'invalid_header_name'],
  ['x'.repeat(101), 'invalid_header_name'],
  ['Host', 'reserved_header'],
  ['content-length', 'reserved_header'],
  ['Transfer-Encoding', 'reserved_header'],
  ['CONNECTION', 'reserved_header'],
  ['webhook-id', 'reserved_header'],
  ['Carillon-Job-Id', 'reserved_header'],
])('the header name %j: %j', (name, code) => {
  expect(refuseHeaderName(name)?.code ?? null).toBe(code);
});

test.each([
  ['Bearer x', null],
  ['', null],
  ['{{runId}}\tä', null],
  ['a\r\nb: c', 'invalid_header_value'],
  ['a\n', 'invalid_header_value'],
  ['a\0', 'invalid_header_value'],
  ['€', 'invalid_header_value'],
])('the header value %j: %j', (text, code) => {
  expect(refuseHeaderText(text)?.code ?? null).toBe(code);
});
