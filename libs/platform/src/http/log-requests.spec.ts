import { type AddressInfo, connect } from 'node:net';
import { Body, Controller, Get, Logger, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyRequest } from 'fastify';
import { Logger as PinoLogger } from 'nestjs-pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DomainError } from '#kernel';
import { ConfigModule, loadConfig } from '../config/index.ts';
import { loggingModule } from '../logging/index.ts';
import { MetricsModule } from '../metrics/index.ts';
import { RedisModule } from '../redis/index.ts';
import { httpAdapter } from './http-adapter.ts';
import { configureHttp } from './http-app.ts';
import type { Principal } from './principal.ts';
import { RateLimitsModule } from './rate-limits.ts';
import { sessionOf } from '../../../../test/support/principal.ts';

const logger = new Logger('Test');
const begun = vi.fn<() => void>();

@Controller()
class TestController {
  @Get('things/:id')
  find(@Param('id') id: string): string {
    if (id === 'away') throw new DomainError('unavailable', 'test.away', 'Away.');
    if (id === 'broken') throw new Error('Broken.');
    return 'x'.repeat(1_000);
  }

  @Post('things')
  create(@Body() body: object): object {
    logger.log('creating');
    return body;
  }

  @Get('endless')
  wait(): Promise<never> {
    begun();
    return new Promise(() => {});
  }

  @Get('health/ready')
  ready(): string {
    return 'ready';
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

describe('the line of a request', () => {
  let app: NestFastifyApplication;
  let url: string;
  const output: string[] = [];
  const lines = () => output.map((line) => JSON.parse(line) as Record<string, unknown>);
  const lineOf = (path: string) =>
    vi.waitUntil(() =>
      lines().find(({ req, res }) => res && (req as { path: string } | undefined)?.path === path),
    );

  beforeAll(async () => {
    const config = loadConfig({ LOG_LEVEL: 'debug', TRUST_PROXY: '1' });
    const stream = { write: (line: string) => void output.push(line) };
    const module = await Test.createTestingModule({
      imports: [
        ConfigModule.forRoot(config),
        loggingModule(config, 'api', stream),
        MetricsModule.forRoot('api'),
        RedisModule,
        RateLimitsModule,
        TestModule,
      ],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(httpAdapter(config));
    app.useLogger(app.get(PinoLogger));
    await configureHttp(app);
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (request: FastifyRequest & { user?: Principal }, _reply, next) => {
        if (request.headers.authorization) request.user = sessionOf('ada');
        next();
      });
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });
  afterAll(() => app.close());
  beforeEach(() => void output.splice(0));

  it('says who asked for what, what came of it, and what it cost', async () => {
    const headers = {
      authorization: 'Bearer x',
      'x-forwarded-for': '203.0.113.7',
      'x-request-id': 'request-7',
    };
    await (await fetch(`${url}/things/7?to=ada@example.org`, { headers })).text();
    expect(await lineOf('/things/7')).toEqual({
      level: 30,
      time: expect.any(Number),
      app: 'api',
      pid: process.pid,
      req: {
        id: 'request-7',
        method: 'GET',
        path: '/things/7',
        route: '/things/:id',
        ip: '203.0.113.7',
        account: 'ada',
      },
      res: { statusCode: 200, bytes: expect.any(Number) },
      ms: expect.any(Number),
      msg: 'request completed',
    });
    const { res } = (await lineOf('/things/7')) as { res: { bytes: number } };
    // The head, too.
    expect(res.bytes).toBeGreaterThan(1_000);
    expect(res.bytes).toBeLessThan(3_000);
  });

  it.each([
    ['/health/ready', 20, 200],
    ['/things/7', 30, 200],
    ['/health/nothing', 30, 404],
    ['/things/away', 40, 503],
    ['/things/broken', 40, 500],
  ])('of %s is of level %i', async (path, level, statusCode) => {
    await (await fetch(`${url}${path}`)).text();
    expect(await lineOf(path)).toMatchObject({ level, res: { statusCode } });
  });

  it('is there for a request that was given up, and says so', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitUntil(() => begun.mock.calls.length > 0);
    socket.destroy();
    expect(await lineOf('/endless')).toMatchObject({
      level: 30,
      req: { ip: '127.0.0.1' },
      res: { statusCode: 499, bytes: 0 },
      msg: 'request aborted',
    });
  });

  it('shares its id with what was written meanwhile, also after a body that came in pieces', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const head = 'Host: x\r\nContent-Type: application/json\r\nX-Request-Id: in-pieces\r\nContent-Length: 8';
    socket.write(`POST /things HTTP/1.1\r\n${head}\r\n\r\n{"a"`);
    await vi.waitUntil(() => socket.bytesWritten > 0 && !socket.connecting);
    await (await fetch(`${url}/things/7`)).text();
    socket.end(':1 }');
    const { req } = (await lineOf('/things')) as { req: object };
    expect(lines().find(({ msg }) => msg === 'creating')?.['req']).toEqual({
      id: 'in-pieces',
      method: 'POST',
      path: '/things',
    });
    expect(req).toMatchObject({ id: 'in-pieces' });
  });
});
