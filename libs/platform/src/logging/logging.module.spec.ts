import { Controller, Get, Logger, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Logger as PinoLogger, PinoLogger as PinoRoot } from 'nestjs-pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigModule, loadConfig } from '../config/index.ts';
import { configureHttp, httpAdapter, RateLimitsModule } from '../http/index.ts';
import { MetricsModule } from '../metrics/index.ts';
import { RedisModule } from '../redis/index.ts';
import { loggingModule } from './logging.module.ts';

const canary = {
  password: 'canary-password',
  token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canary',
  address: 'canary@example.org',
};
const logger = new Logger('Test');

@Controller()
class TestController {
  @Get('fine')
  answer(): string {
    logger.log('answering');
    return 'fine';
  }

  @Post('broken')
  fail(): never {
    throw Object.assign(new Error(`duplicate key: ${canary.address}`, { cause: new Error(canary.address) }), {
      code: '23505',
      constraint: 'users_email_key',
      detail: `Key (email)=(${canary.address}) already exists.`,
      parameters: [canary.password],
    });
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

describe('the log', () => {
  let app: NestFastifyApplication;
  const output: string[] = [];
  const lines = () => output.map((line) => JSON.parse(line) as Record<string, unknown>);
  const all = () => output.join('');

  beforeAll(async () => {
    const stream = { write: (line: string) => void output.push(line) };
    const config = loadConfig({ LOG_LEVEL: 'debug' });
    const module = await Test.createTestingModule({
      imports: [
        ConfigModule.forRoot(config),
        MetricsModule.forRoot('api'),
        RedisModule,
        RateLimitsModule,
        loggingModule(config, 'api', stream),
        TestModule,
      ],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(httpAdapter(config), { bufferLogs: true });
    app.useLogger(app.get(PinoLogger));
    await (await configureHttp(app)).init();
  });

  afterAll(() => app.close());

  beforeEach(() => void output.splice(0));

  it('has a line for each request, with its id and path and nothing else of it', async () => {
    const { headers } = await app.inject({
      url: `/fine?to=${canary.address}&token=${canary.token}`,
      headers: {
        authorization: `Bearer ${canary.token}`,
        cookie: `session=${canary.token}`,
        'x-request-id': 'request-7',
      },
    });
    expect(headers['x-request-id']).toBe('request-7');
    await vi.waitFor(() => expect(output).toHaveLength(2));
    const [written, request] = lines();
    expect(written).toMatchObject({ level: 30, app: 'api', context: 'Test', msg: 'answering' });
    const named = { id: 'request-7', method: 'GET', path: '/fine' };
    expect(written?.['req']).toEqual(named);
    expect(request).toMatchObject({ level: 30, req: named, res: { statusCode: 200 } });
    expect(all()).not.toMatch(/canary/);
  });

  it('tells an unexpected error with its place, its code and the request, and none of its values', async () => {
    const payload = { email: canary.address, password: canary.password };
    const { statusCode, headers } = await app.inject({ method: 'POST', url: '/broken', payload });
    expect(statusCode).toBe(500);
    const error = lines().find(({ context }) => context === 'Problem');
    expect(error).toMatchObject({
      level: 50,
      req: { id: headers['x-request-id'] },
      err: { type: 'Error', code: '23505', constraint: 'users_email_key' },
    });
    expect(error).toHaveProperty('err.stack', expect.stringContaining('logging.module.spec.ts'));
    expect(all()).not.toMatch(/canary/);
  });

  it.each([
    { password: canary.password },
    { account: { email: canary.address, accessToken: canary.token } },
    { event: { payload: { refreshToken: canary.token, to: canary.address } } },
    { recipients: [{ to: canary.address }] },
    { headers: { authorization: canary.token, 'set-cookie': canary.token } },
    { config: { jwtSecret: canary.password, databaseUrl: canary.password, demoPassword: canary.password } },
    { err: new Error(canary.address, { cause: new Error(canary.token) }) },
    { err: new AggregateError([new Error(canary.address)], 'both failed') },
    { err: canary.address },
    `mail to ${canary.address}`,
    `Bearer ${canary.token}`,
    new Error(`smtp://user:${canary.password}@mail refused`),
  ])('hides what nobody may read: %o', (message) => {
    logger.error(message);
    expect(output).toHaveLength(1);
    expect(all()).not.toMatch(/canary/);
  });

  it('hides it also from whoever knows pino', () => {
    const pino = PinoRoot.root;
    pino.error(new Error(canary.address));
    pino.error('mail to %s', canary.address);
    pino.error({ count: 1 }, 'mail to %s', canary.address);
    pino.error(undefined, canary.address);
    pino.error(null);
    expect(lines().map(({ msg }) => msg)).toEqual([
      '[redacted]',
      'mail to [redacted]',
      'mail to [redacted]',
      '[redacted]',
      undefined,
    ]);
    expect(all()).not.toMatch(/canary/);
  });

  it('leaves the rest readable', () => {
    logger.warn({ symbol: 'BTC-USD', count: 3 }, 'A warning.');
    expect(lines()).toMatchObject([
      { level: 40, symbol: 'BTC-USD', count: 3, msg: 'A warning.', context: 'Test' },
    ]);
  });

  it('is quiet about what every start does, unless asked', () => {
    const framework = new Logger('RouterExplorer');
    framework.log('Mapped a route');
    PinoRoot.root.level = 'info';
    framework.log('Mapped another');
    framework.warn('A route twice');
    logger.log('Ready');
    PinoRoot.root.level = 'debug';
    expect(lines().map(({ msg }) => msg)).toEqual(['Mapped a route', 'A route twice', 'Ready']);
  });
});
