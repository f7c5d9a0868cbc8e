import { readContract, type ContractAnswer } from '../../support/contract.js';

const contract = readContract();
const ID = '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11';
const PROJECT = {
  id: ID,
  name: 'billing',
  rateLimits: { perKey: null, total: null },
  quotas: { jobs: null, firesPerMinute: null, concurrentRuns: null, leastInterval: null },
  createdAt: '2026-01-02T10:20:30.123Z',
  updatedAt: '2026-01-02T10:20:30.123Z',
};
const PROBLEM = {
  ...{ type: 'urn:carillon:problem:not_found', title: 'Not found', status: 404, detail: 'there is none' },
  ...{ instance: '/projects', code: 'not_found', requestId: '1' },
};

function answer(changes: Partial<ContractAnswer> & { body?: unknown }): ContractAnswer {
  const { body = PROJECT, ...rest } = changes;
  const type = (rest.status ?? 201) < 400 ? 'application/json' : 'application/problem+json';
  return {
    ...{ method: 'POST', url: '/projects', status: 201, text: JSON.stringify(body) },
    headers: { 'content-type': `${type}; charset=utf-8`, location: `/projects/${ID}` },
    ...rest,
  };
}

describe('an answer keeps the contract', () => {
  it.each<[string, Parameters<typeof answer>[0]]>([
    ['as the document has it', {}],
    ['when it refuses', { status: 403, body: PROBLEM }],
    ['when there is no such path', { url: '/nothing/here', status: 404, body: PROBLEM }],
    [
      'when it has no body and needs none',
      { method: 'DELETE', url: `/jobs/${ID}`, status: 204, headers: {}, text: '' },
    ],
    ['when it is text', { method: 'GET', url: '/metrics', status: 200, headers: { 'content-type': 'text/plain' } }],
    ['when it is beside the API', { method: 'GET', url: '/docs/swagger-ui.css', status: 200 }],
  ])('%s', (_, changes) => expect(contract.check(answer(changes))).toEqual([]));
});

describe('an answer leaves the contract', () => {
  it.each<[string, RegExp, Parameters<typeof answer>[0]]>([
    ['by its status', /createProject has no such status/, { status: 418 }],
    [
      'by a header that is not there',
      /the header location is missing/,
      { headers: { 'content-type': 'application/json' } },
    ],
    [
      'by its type',
      /is text\/html, not application\/json/,
      { headers: { 'content-type': 'text/html', location: '/' } },
    ],
    ['by a member too many', /must NOT have additional properties/, { body: { ...PROJECT, hash: 'x' } }],
    ['by a member too few', /must have required property 'name'/, { body: { ...PROJECT, name: undefined } }],
    ['by the form of a member', /createdAt must match format "date-time"/, { body: { ...PROJECT, createdAt: 'now' } }],
    ['by not being JSON', /is not JSON/, { text: '{' }],
    ['by a body where there is none', /has a body/, { method: 'DELETE', url: `/jobs/${ID}`, status: 204 }],
    ['by a problem that is none', /must have required property 'type'/, { status: 403, body: {} }],
    ['by success where there is nothing', /must be refused/, { url: '/nothing/here' }],
    ['by a page of HTML where there is nothing', /not application\/problem/, { url: '/x', status: 404, headers: {} }],
  ])('%s', (_, message, changes) => {
    const leaves = answer(changes);
    expect(contract.check(leaves).join('\n')).toMatch(message);
    expect(() => contract.verify(leaves)).toThrow(message);
  });
});

it('knows a name in the path from a parameter in its place', () => {
  expect(contract.operationOf('PUT', '/jobs/by-name/x?y=1')?.id).toBe('putJobByName');
  expect(contract.operationOf('HEAD', `/jobs/${ID}`)?.id).toBe('getJob');
  expect(contract.operationOf('GET', '/jobs/a/b/c')).toBeNull();
});
