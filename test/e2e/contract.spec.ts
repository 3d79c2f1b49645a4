import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Api, startApi } from '../support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
});
afterAll(() => api.close());

describe('the OpenAPI document', () => {
  it('is served as it is committed', async () => {
    const committed = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    const { body } = await api.call({ url: '/openapi.json' });
    expect(body, 'run `npm run docs`').toEqual(JSON.parse(committed));
  });

  it('is shown to people at /docs', async () => {
    const { status, contentType, body } = await api.call<unknown>({ url: '/docs' });
    expect({ status, contentType }).toEqual({ status: 200, contentType: 'text/html' });
    expect(body).toContain('Tocsin API');
  });

  it('is OpenAPI 3.1', () => {
    expect(api.document.openapi).toMatch(/^3\.1\.\d+$/);
  });

  it('gives every operation a summary and an id of its own', () => {
    const { operations } = api.contract;
    expect(operations.length).toBeGreaterThan(15);
    for (const { method, path, summary, operationId } of operations) {
      expect(summary, `${method} ${path}`).toMatch(/^[A-Z]/);
      expect(operationId, `${method} ${path}`).toMatch(/^[a-z][A-Za-z]+$/);
    }
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('says of every operation what it answers, at least one error among it', () => {
    for (const { method, path, responses } of api.contract.operations) {
      const statuses = Object.keys(responses);
      expect(statuses, `${method} ${path}`).toContainEqual(expect.stringMatching(/^[23]/));
      expect(statuses, `${method} ${path}`).toContainEqual(expect.stringMatching(/^4/));
    }
  });

  it('says what is limited, and by which fields a client sees it', () => {
    for (const { method, path, responses } of api.contract.operations) {
      const limited = path.startsWith('/v1/');
      const told = Object.keys(responses).filter(
        (status) => 'RateLimit' in (responses[status]?.headers ?? {}),
      );
      const expected = Object.keys(responses).filter((status) => limited && /^2|429/.test(status));
      expect(told, `${method} ${path}`).toEqual(expected);
      expect('429' in responses, `${method} ${path}`).toBe(limited);
    }
  });

  it('says of every operation that is not for everybody that it may refuse who asks', () => {
    const closed = api.contract.operations.filter(({ security }) => security?.length !== 0);
    expect(closed.length).toBeGreaterThan(10);
    for (const { method, path, responses } of closed) {
      expect(Object.keys(responses), `${method} ${path}`).toEqual(expect.arrayContaining(['401', '403']));
    }
  });
});

describe('every answer', () => {
  it.each(['/health/live', '/health/ready', '/metrics', '/v1/alerts', '/nowhere', '/docs'])(
    'of %s carries a request id and what keeps a browser from misreading it',
    async (url) => {
      const { headers } = await api.call({ url });
      expect(headers).toMatchObject({
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'referrer-policy': 'no-referrer',
      });
      expect(headers).not.toHaveProperty('x-powered-by');
    },
  );
});

describe('sign-in with a provider that is not set', () => {
  it.each(['/v1/auth/oidc', '/v1/auth/oidc/callback?code=x&state=y'])('is off: %s', async (url) => {
    expect(await api.call({ url })).toMatchObject({
      status: 404,
      body: { code: 'identity.provider-off', detail: expect.stringContaining('OIDC_CLIENT_ID') },
    });
  });
});

describe('an answer that breaks the contract is noticed', () => {
  const url = '/v1/auth/register';
  const faultsOf = (body: object, status = 201, contentType = 'application/json') =>
    api.contract.faultsOf('POST', url, { status, contentType, body: JSON.parse(JSON.stringify(body)) });
  const user = { id: newId(), email: 'ada@example.org', emailVerified: true, role: 'user' };
  const problem = {
    type: 'urn:tocsin:problem:identity.email-taken',
    title: 'Conflict',
    status: 409,
    detail: 'This address already has an account.',
    instance: url,
    code: 'identity.email-taken',
  };
  const problemType = 'application/problem+json; charset=utf-8';

  it('and one that keeps it is not', () => {
    expect(faultsOf(user)).toEqual([]);
    expect(faultsOf(problem, 409, problemType)).toEqual([]);
  });

  it.each<[string, object]>([
    ['without a field', { role: undefined }],
    ['with one too many', { passwordHash: '…' }],
    ['with a value of another type', { emailVerified: 'yes' }],
    ['with an id that is none', { id: '7' }],
  ])('%s', (_, changed) => {
    expect(faultsOf({ ...user, ...changed })).toHaveLength(1);
  });

  it('with a status or a type that nobody promised', () => {
    expect(faultsOf(user, 200)).toEqual(['200 is not documented.']);
    expect(faultsOf(user, 201, 'text/html')).toEqual(['The type is text/html, not application/json.']);
  });

  it.each<[string, object]>([
    ['of another status', { status: 400 }],
    ['of another type', { type: 'about:blank' }],
    ['without a sentence', { detail: 'email taken' }],
    ['of another path', { instance: '/' }],
    ['with a fault that has no sentence', { errors: [{ pointer: '/email', detail: 'taken' }] }],
  ])('as a problem %s', (_, changed) => {
    expect(faultsOf({ ...problem, ...changed }, 409, problemType)).toHaveLength(1);
  });

  it('as a refusal of input that names no place', () => {
    expect(faultsOf({ ...problem, status: 422 }, 422, problemType)).toEqual(['`errors` says nothing.']);
  });
});
