import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { Body, Controller, Get, Header, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpApp } from '../../../../test/support/http-app.ts';

const large = { text: 'x'.repeat(2_000) };
const huge = { text: 'x'.repeat(200_000) };

@Controller()
class TestController {
  @Get('large')
  large(): object {
    return large;
  }

  @Get('huge')
  huge(): object {
    return huge;
  }

  @Get('small')
  small(): object {
    return { text: 'x'.repeat(900) };
  }

  @Get('secret')
  @Header('Cache-Control', 'no-store')
  secret(): object {
    return large;
  }

  @Get('versioned')
  @Header('ETag', '"7"')
  versioned(): object {
    return large;
  }

  @Post('echo')
  echo(@Body() body: object): object {
    return body;
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

describe('an answer', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await startHttpApp({}, TestModule);
  });
  afterAll(() => app.close());

  const get = (url: string, encoding?: string) =>
    app.inject({ url, headers: encoding === undefined ? {} : { 'accept-encoding': encoding } });

  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
  ])('is compressed for who accepts %s: by %s', async (accepted, encoding, decompress) => {
    for (const [url, body] of [
      ['/large', large],
      ['/huge', huge],
    ] as const) {
      const { headers, rawPayload } = await get(url, accepted);
      expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' });
      expect(JSON.parse(decompress(rawPayload).toString())).toEqual(body);
      expect(rawPayload.length).toBeLessThan(1_500);
    }
  });

  it.each([
    ['for who does not ask', '/large', undefined],
    ['for who wants it plain', '/large', 'identity'],
    ['for who only knows something else', '/large', 'compress'],
    ['when it is small', '/small', 'gzip'],
    ['when it holds a token', '/secret', 'gzip'],
    ['when it has an entity tag', '/versioned', 'gzip'],
  ])('stays as it is %s', async (_, url, accepted) => {
    const { headers, rawPayload } = await get(url, accepted);
    expect(headers).not.toHaveProperty('content-encoding');
    expect(Number(headers['content-length'])).toBe(rawPayload.length);
    expect(rawPayload.toString()).toMatch(/x{900}/);
  });

  it('refuses a body that is compressed, whatever that would become', async () => {
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/echo',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      payload: gzipSync('{"a":1}'),
    });
    expect(statusCode).toBe(400);
  });
});
