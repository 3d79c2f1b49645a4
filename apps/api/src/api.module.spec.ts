import { Logger } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { loadConfig } from '#platform/config';
import { ApiModule } from './api.module.ts';

afterEach(() => void vi.restoreAllMocks());

const server = {
  DATABASE_URL: 'postgres://db.example.org/tocsin',
  SMTP_URL: 'smtp://mail.example.org',
  MAIL_FROM: 'tocsin@example.org',
  JWT_SECRET: 'x'.repeat(32),
  ENCRYPTION_KEY: 'x'.repeat(32),
  EMAIL_VERIFICATION: 'off',
};

it.each([
  ['alone on its own servers', server, 1],
  ['with a Redis that it shares', { ...server, REDIS_URL: 'redis://redis.example.org' }, 0],
  ['under the supervisor, which starts one', { ...server, TOCSIN_PROFILE: 'embedded' }, 0],
])('an api %s says so if it must stay the only one', (_where, variables, lines) => {
  const warned = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  new ApiModule(loadConfig(variables)).onApplicationBootstrap();
  expect(warned).toHaveBeenCalledTimes(lines);
});
