import { Controller, Get, HttpException, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startHttpApp } from '../../../../test/support/http-app.ts';
import { RateLimit } from './rate-limit.ts';

@Controller('things')
class TestController {
  @Get()
  list(): object {
    return { items: [] };
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

describe('a page of another origin', () => {
  let app: NestFastifyApplication;
  afterEach(() => app.close());

  const start = async (CORS_ORIGINS?: string) => {
    app = await startHttpApp({ CORS_ORIGINS }, TestModule);
  };
  const ask = (origin: string, method: 'GET' | 'OPTIONS' = 'GET', url = '/things') =>
    app.inject({
      method,
      url,
      headers: {
        origin,
        ...(method === 'OPTIONS' && {
          'access-control-request-method': 'PATCH',
          'access-control-request-headers': 'authorization,if-match',
        }),
      },
    });
  const fields = (headers: object) =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'));

  it('may do nothing unless it is allowed', async () => {
    await start();
    const answer = await ask('https://app.example.org');
    expect(fields(answer.headers)).toEqual([]);
    const preflight = await ask('https://app.example.org', 'OPTIONS');
    expect([preflight.statusCode, fields(preflight.headers)]).toEqual([204, []]);
  });

  it('may read answers and what they say beside their body, also a refusal', async () => {
    await start('https://app.example.org, https://other.example.org');
    for (const url of ['/things', '/nowhere']) {
      const { headers } = await ask('https://app.example.org', 'GET', url);
      expect(headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example.org',
        vary: expect.stringContaining('Origin'),
      });
      expect(String(headers['access-control-expose-headers']).split(', ').toSorted()).toEqual([
        'ETag',
        'Idempotency-Replayed',
        'Link',
        'Location',
        'RateLimit',
        'RateLimit-Policy',
        'Retry-After',
        'X-Request-Id',
      ]);
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    }
    vi.spyOn(RateLimit.prototype, 'admit').mockRejectedValueOnce(new HttpException('No.', 429));
    expect(await ask('https://app.example.org')).toMatchObject({
      statusCode: 429,
      headers: { 'access-control-allow-origin': 'https://app.example.org' },
    });
  });

  it('is not allowed because another one is', async () => {
    await start('https://app.example.org');
    for (const origin of ['https://evil.example.org', 'https://app.example.org.evil.org', 'null']) {
      expect((await ask(origin)).headers).not.toHaveProperty('access-control-allow-origin');
      expect((await ask(origin, 'OPTIONS')).headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('asks before it sends a token, and remembers the answer for two hours', async () => {
    await start('https://app.example.org');
    const { statusCode, headers, body } = await ask('https://app.example.org', 'OPTIONS', '/v1/whatever');
    expect([statusCode, body]).toEqual([204, '']);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.org',
      'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id',
      'access-control-max-age': '7200',
      'x-request-id': expect.any(String),
    });
    expect(headers).not.toHaveProperty('ratelimit');
  });

  it('may be any when all are allowed', async () => {
    await start('*');
    const { headers } = await ask('https://anybody.example.org');
    expect(headers).toMatchObject({ 'access-control-allow-origin': '*' });
  });
});
