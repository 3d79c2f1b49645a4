import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurationPage, describeVariables } from './describe-variables.ts';
import { ConfigurationError, loadConfig } from './load-config.ts';

const server = {
  DATABASE_URL: 'postgres://tocsin:hush@db/tocsin',
  SMTP_URL: 'smtp://mail',
  MAIL_FROM: 'Tocsin <alerts@example.org>',
  JWT_SECRET: 'j'.repeat(32),
  ENCRYPTION_KEY: 'e'.repeat(32),
  EMAIL_VERIFICATION: 'off',
};

const linesOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.lines;
  }
  return [];
};

describe('the configuration of a process', () => {
  it('needs nothing in the embedded profile', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ embedded: true, port: 3000, host: '127.0.0.1', demo: true });
    expect(config.marketFeeds).toEqual(['binance', 'coingecko', 'simulated']);
  });

  it('turns the demo off as soon as mail or market are real', () => {
    expect(loadConfig({ MARKET_FEEDS: 'binance' }).demo).toBe(false);
    expect(loadConfig({ SMTP_URL: 'smtp://mail' }).demo).toBe(false);
    expect(loadConfig({ MARKET_FEEDS: 'binance', DEMO: 'on' }).demo).toBe(true);
  });

  it('reports all bad variables at once, without their values', () => {
    const lines = linesOf({ PORT: 'eighty', MARKET_FEEDS: 'kraken', JWT_SECRET: 'short-secret' });
    expect(lines.map((line) => line.split(':')[0])).toEqual(['PORT', 'MARKET_FEEDS', 'JWT_SECRET']);
    expect(lines.join('\n')).not.toContain('short-secret');
  });

  it('requires mail and secrets beside a database', () => {
    const lines = linesOf({ DATABASE_URL: server.DATABASE_URL });
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'SMTP_URL',
      'MAIL_FROM',
      'JWT_SECRET',
      'ENCRYPTION_KEY',
      'EMAIL_VERIFICATION',
    ]);
    expect(loadConfig(server)).toMatchObject({ embedded: false, demo: false });
  });

  it('does not start where addresses would have to be confirmed, which it cannot do yet', () => {
    const { EMAIL_VERIFICATION: _, ...byDefault } = server;
    expect(linesOf(byDefault)).toEqual([expect.stringMatching(/^EMAIL_VERIFICATION: /)]);
  });

  it('reads a secret from a file and refuses it twice', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tocsin-')), 'jwt');
    writeFileSync(file, `${'f'.repeat(40)}\n`);
    const { JWT_SECRET, ...rest } = server;
    expect(loadConfig({ ...rest, JWT_SECRET_FILE: file }).jwtSecret).toBe('f'.repeat(40));
    expect(linesOf({ ...rest, JWT_SECRET, JWT_SECRET_FILE: file })).toEqual([
      'JWT_SECRET: is set twice, directly and by JWT_SECRET_FILE',
    ]);
    expect(linesOf({ ...rest, JWT_SECRET_FILE: '/nowhere/at/all' })).toContain(
      'JWT_SECRET_FILE: cannot be read',
    );
  });

  it('describes every variable in one sentence', () => {
    const rows = describeVariables().split('\n').slice(2);
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) expect(row).toMatch(/^\| `[A-Z_]+` \| [A-Z].*\. \| \S.* \|$/);
  });

  it('is documented as it is', () => {
    const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page, 'run `npm run docs`').toBe(configurationPage());
  });
});
