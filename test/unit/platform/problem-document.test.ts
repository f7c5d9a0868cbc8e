import { HttpException, NotFoundException } from '@nestjs/common';
import { Problem } from '../../../src/domain/errors.js';
import { problemDocument, refusalOf } from '../../../src/platform/problem-details/problem-document.js';

const coded = (message: string, code: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('refusalOf', () => {
  it.each([
    ['a problem of the domain', new Problem('name_taken', 'taken'), 409, 'name_taken'],
    ['Postgres away', coded('connect ECONNREFUSED', 'ECONNREFUSED'), 503, 'unavailable'],
    ['Postgres shutting down', coded('terminating connection', '57P01'), 503, 'unavailable'],
    ['no connection left', coded('sorry, too many clients already', '53300'), 503, 'unavailable'],
    ['a lost connection', new Error('Connection terminated unexpectedly'), 503, 'unavailable'],
    ['a full pool', new Error('timeout exceeded when trying to connect'), 503, 'unavailable'],
    ['TypeORM around it', coded('failed', '', { driverError: coded('starting up', '57P03') }), 503, 'unavailable'],
    ['an error around it', new Error('planning failed', { cause: coded('x', '08006') }), 503, 'unavailable'],
    [
      'each address refused',
      Object.assign(new Error(''), { errors: [coded('x', 'ECONNREFUSED')] }),
      503,
      'unavailable',
    ],
    ['broken JSON', wrapped('FST_ERR_CTP_INVALID_JSON_BODY', 400), 400, 'malformed_json'],
    ['a large body', wrapped('FST_ERR_CTP_BODY_TOO_LARGE', 413), 413, 'body_too_large'],
    ['a form', wrapped('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 415, 'unsupported_media_type'],
    ['a thing of Nest', new NotFoundException('no such thing'), 404, 'not_found'],
    ['too many requests', new HttpException('slow down', 429), 429, 'rate_limited'],
    ['a unique key we did not foresee', coded('duplicate key', '23505'), 500, 'internal'],
    ['a bug', new TypeError('x is not a function'), 500, 'internal'],
    ['not even an error', 'oops', 500, 'internal'],
  ])('%s', (_, error, status, code) => {
    expect(refusalOf(error)).toMatchObject({ status, code, unexpected: status === 500 });
  });

  it('tells nothing of a bug', () => {
    const text = JSON.stringify(refusalOf(new Error('password hunter2 at db.internal')));
    expect(text).not.toMatch(/hunter2|internal\b.*db/);
  });

  it('says when to come again while the database is away', () => {
    expect(refusalOf(coded('x', 'ECONNREFUSED')).retryAfterSeconds).toBeGreaterThan(0);
  });
});

describe('problemDocument', () => {
  const request = { path: '/jobs', id: 'r1' };

  it('has the members of RFC 9457 and ours', () => {
    const fault = { pointer: '/name', code: 'too_long', detail: 'is too long' };
    expect(problemDocument(refusalOf(new Problem('invalid', 'bad', [fault])), request)).toEqual({
      type: 'urn:carillon:problem:invalid',
      title: 'The content is not valid',
      status: 422,
      detail: 'bad',
      instance: '/jobs',
      code: 'invalid',
      requestId: 'r1',
      errors: [fault],
    });
  });

  it('leaves errors out when there are none', () => {
    expect(problemDocument(refusalOf(new Problem('not_found', 'no')), request)).not.toHaveProperty('errors');
  });
});

/** As Nest hands on what Fastify threw. */
function wrapped(code: string, status: number): HttpException {
  return new HttpException('said by fastify', status, { cause: coded('said by fastify', code) });
}
