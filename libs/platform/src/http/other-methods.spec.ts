import { Controller, Delete, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpApp } from '../../../../test/support/http-app.ts';

@Controller('things')
class TestController {
  @Get()
  list(): object {
    return { items: [] };
  }

  @Post()
  create(): void {}

  @Get(':id')
  find(): object {
    return {};
  }

  @Delete(':id')
  delete(): void {}

  @Post('batch')
  batch(): void {}
}

@Module({ controllers: [TestController] })
class TestModule {}

describe('a path', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await startHttpApp({}, TestModule);
  });
  afterAll(() => app.close());

  it.each([
    ['PUT', '/things?page=1', 'GET, HEAD, OPTIONS, POST'],
    ['PATCH', '/things/7', 'DELETE, GET, HEAD, OPTIONS'],
    ['PUT', '/things/batch', 'DELETE, GET, HEAD, OPTIONS, POST'],
    ['DELETE', '/openapi.json', 'GET, HEAD, OPTIONS'],
    ['POST', '/docs', 'GET, HEAD, OPTIONS'],
  ] as const)('without the method of %s %s names those it has', async (method, url, allow) => {
    const refused = await app.inject({ method, url });
    expect(refused.headers).toMatchObject({
      allow,
      'content-type': 'application/problem+json; charset=utf-8',
      'x-request-id': expect.any(String),
    });
    expect(refused.json()).toMatchObject({
      status: 405,
      code: 'http.method-not-allowed',
      instance: url.split('?')[0],
    });

    const options = await app.inject({ method: 'OPTIONS', url });
    expect([options.statusCode, options.headers['allow'], options.body]).toEqual([204, allow, '']);
  });

  it.each(['PUT', 'OPTIONS'] as const)('that is none has no methods either: %s', async (method) => {
    for (const url of ['/', '/thing', '/things/', '/things/7/', '/openapi-json', '/THINGS']) {
      const { statusCode, headers } = await app.inject({ method, url });
      expect(statusCode).toBe(404);
      expect(headers).not.toHaveProperty('allow');
    }
  });

  it('answers HEAD as it would GET, without the body', async () => {
    const [get, head] = await Promise.all(
      (['GET', 'HEAD'] as const).map((method) => app.inject({ method, url: '/things' })),
    );
    expect([head?.statusCode, head?.body]).toEqual([200, '']);
    expect(head?.headers['content-length']).toBe(get?.headers['content-length']);
    expect(head?.headers['content-type']).toBe('application/json; charset=utf-8');
  });
});
