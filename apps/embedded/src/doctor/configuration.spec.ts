import { describe, expect, it } from 'vitest';
import { readConfig } from '#platform/config';
import { configuration } from './configuration.ts';

const server = {
  DATABASE_URL: 'postgres://tocsin:canary@db/tocsin',
  REDIS_URL: 'redis://cache',
  SMTP_URL: 'smtp://mail',
  MAIL_FROM: 'alerts@example.org',
  JWT_SECRET: 'canary'.repeat(6),
  ENCRYPTION_KEY: 'canary'.repeat(6),
  EMAIL_VERIFICATION: 'off',
  PUBLIC_URL: 'https://tocsin.example.org',
  TRUST_PROXY: '1',
};

const found = async (environment: NodeJS.ProcessEnv) => {
  const { config, problems } = readConfig(environment);
  return (await configuration(config, problems).look())
    .map(({ level, text }) => `${level} ${text}`)
    .filter((line) => !line.startsWith('ok Node'));
};

describe('what the doctor says of a configuration', () => {
  it('is nothing but that it is complete, where it is', async () => {
    expect(await found({})).toEqual(['ok embedded profile']);
    expect(await found(server)).toEqual(['ok server profile, complete']);
  });

  it('is everything that is bad and everything that is missing, at once and without a value', async () => {
    const { MAIL_FROM: _, JWT_SECRET: __, ...rest } = server;
    const lines = await found({ ...rest, PORT: 'canary', SMTP_URL: 'canary', ENCRYPTION_KEY: 'canary' });
    expect(lines.map((line) => /^(FAIL [A-Z_]+):/.exec(line)?.[1])).toEqual([
      'FAIL PORT',
      'FAIL SMTP_URL',
      'FAIL ENCRYPTION_KEY',
      'FAIL MAIL_FROM',
      'FAIL JWT_SECRET',
    ]);
    expect(lines.join()).not.toContain('canary');
  });

  it('takes a database that cannot be read for a database', async () => {
    expect(await found({ ...server, DATABASE_URL: 'mysql://db' })).toEqual([
      expect.stringMatching(/^FAIL DATABASE_URL: must be a URL/),
    ]);
  });

  it.each<[name: string, value: string, others?: NodeJS.ProcessEnv]>([
    ['REDIS_URL', ''],
    ['PUBLIC_URL', ''],
    ['TRUST_PROXY', ''],
    ['CORS_ORIGINS', '*'],
    ['EMAIL_VERIFICATION', 'off', { HOST: '0.0.0.0' }],
  ])('names %s where it may not be what was meant', async (name, value, others = {}) => {
    const lines = await found({ ...server, ...others, [name]: value });
    expect(lines.slice(1)).toEqual([expect.stringContaining(name)]);
    expect(lines[1]).toMatch(/^warn /);
  });
});
