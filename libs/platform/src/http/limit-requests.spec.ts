import { type CanActivate, Controller, type ExecutionContext, Get, Module, Post } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DomainError } from '#kernel';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { startHttpApp } from '../../../../test/support/http-app.ts';
import { Metrics } from '../metrics/index.ts';
import type { Principal } from './principal.ts';
import { sessionOf } from '../../../../test/support/principal.ts';

const handled = vi.fn<() => string>(() => 'done');

@Controller()
class TestController {
  @Get('things')
  list(): string {
    return handled();
  }

  @Post('things')
  create(): string {
    return handled();
  }

  @Get('health/live')
  live(): string {
    return 'live';
  }
}

/** Takes any token but `forged` for the id of an account, and calls without one for open routes. */
class TestGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: { authorization?: string }; user?: Principal }>();
    const token = request.headers.authorization?.slice('Bearer '.length);
    if (token === 'forged') throw new DomainError('unauthenticated', 'test.forged', 'Forged.');
    if (token !== undefined) request.user = sessionOf(token);
    return true;
  }
}

@Module({ controllers: [TestController], providers: [{ provide: APP_GUARD, useClass: TestGuard }] })
class TestModule {}

describe('rate limits', { timeout: 30_000 }, () => {
  let app: NestFastifyApplication;

  const start = async (variables: NodeJS.ProcessEnv = {}) => {
    app = await startHttpApp(variables, TestModule);
  };

  interface Call {
    readonly as?: string;
    readonly from?: string;
    readonly url?: string;
  }
  const call = ({ as, from = '203.0.113.7', url = '/things' }: Call = {}) =>
    app.inject({
      url,
      remoteAddress: from,
      ...(as === undefined ? {} : { headers: { authorization: `Bearer ${as}` } }),
    });
  const calls = (count: number, one: Call = {}) =>
    Promise.all(Array.from({ length: count }, () => call(one)));

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    handled.mockClear();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await app.close();
  });

  it('tell an address, and an account beside it, what is left', async () => {
    await start();
    expect((await call()).headers).toMatchObject({
      'ratelimit-policy': '"address";q=6000;w=60',
      ratelimit: '"address";r=5999;t=60',
    });
    vi.setSystemTime(Date.now() + 17_500);
    const { headers } = await call({ as: 'ada' });
    expect(headers).toMatchObject({
      'ratelimit-policy': '"address";q=6000;w=60, "account";q=1200;w=60',
      ratelimit: '"address";r=5998;t=43, "account";r=1199;t=60',
    });
    expect(headers).not.toHaveProperty('retry-after');
  });

  it('refuse an account that has used up its minute, from whatever address, and no other account', async () => {
    await start();
    const answers = await calls(1_200, { as: 'ada' });
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    vi.setSystemTime(Date.now() + 17_500);

    const refused = await call({ as: 'ada', from: '198.51.100.1' });
    expect(refused.statusCode).toBe(429);
    expect(refused.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': '43',
      ratelimit: '"address";r=5999;t=60, "account";r=0;t=43',
      'x-request-id': expect.any(String),
    });
    expect(refused.json()).toMatchObject({ status: 429, code: 'http.too-many-requests' });
    expect(handled).toHaveBeenCalledTimes(1_200);
    expect((await call({ as: 'grace' })).statusCode).toBe(200);

    vi.setSystemTime(Date.now() + 43_000);
    expect((await call({ as: 'ada' })).statusCode).toBe(200);
  });

  it('refuse an address whatever it asks for, before its body is read, but not its neighbours', async () => {
    await start();
    const subscriber = '2001:db8:1:2::';
    await calls(2_000, { from: `${subscriber}1` });
    await calls(2_000, { from: `${subscriber}2`, as: 'forged' });
    await calls(2_000, { from: `${subscriber}3`, url: '/nowhere' });

    const from = `${subscriber}4`;
    for (const one of [{}, { as: 'forged' }, { as: 'ada' }, { url: '/nowhere' }]) {
      expect((await call({ ...one, from })).statusCode).toBe(429);
    }
    const broken = { method: 'POST', url: '/things', remoteAddress: from, payload: '{' } as const;
    const headers = { 'content-type': 'application/json' };
    expect((await app.inject({ ...broken, headers })).statusCode).toBe(429);
    expect((await call({ from: '2001:db8:1:3::1' })).statusCode).toBe(200);
  });

  it('count whom they refuse', async () => {
    await start();
    await calls(1_203, { as: 'ada' });
    const families = parseExposition(await app.get(Metrics).text());
    const refusals = (policy: string) =>
      totalOf(families, 'tocsin_http_rate_limit_refusals_total', { policy });
    expect([refusals('account'), refusals('address')]).toEqual([3, 0]);
  });

  it('count a bad token by its address only', async () => {
    await start();
    const { statusCode, headers } = await call({ as: 'forged' });
    expect([statusCode, headers['ratelimit']]).toEqual([401, '"address";r=5999;t=60']);
  });

  it('leave probes alone, and nothing that only looks like one', async () => {
    await start();
    expect((await call({ url: '/health/live' })).headers).not.toHaveProperty('ratelimit');
    for (const url of ['/health/live/../../things', '/healthy', '/health/nothing']) {
      expect((await call({ url })).headers).toHaveProperty('ratelimit');
    }
  });

  it('can be switched off', async () => {
    await start({ RATE_LIMIT: 'off' });
    const answers = await calls(1_300, { as: 'ada' });
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    expect(answers[0]?.headers).not.toHaveProperty('ratelimit');
  });
});
