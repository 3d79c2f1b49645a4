import { generateKeyPairSync } from 'node:crypto';
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
    ]);
    expect(loadConfig(server)).toMatchObject({ embedded: false, demo: false });
  });

  it('has addresses confirmed unless it is embedded', () => {
    const { EMAIL_VERIFICATION: _, ...byDefault } = server;
    expect(loadConfig(byDefault).emailVerification).toBe('required');
    expect(loadConfig({}).emailVerification).toBe('off');
    expect(loadConfig({ EMAIL_VERIFICATION: 'required' }).emailVerification).toBe('required');
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

  it('reads the proxies in front as hops or as addresses, and believes nobody without them', () => {
    const trusted = (TRUST_PROXY?: string) => loadConfig({ TRUST_PROXY }).trustProxy;
    expect(trusted()).toBe(false);
    expect(trusted('2')).toBe(2);
    expect(trusted('loopback, 10.0.0.0/8,fd00::/8')).toEqual(['loopback', '10.0.0.0/8', 'fd00::/8']);
    expect(trusted('192.0.2.1,::1/128')).toEqual(['192.0.2.1', '::1/128']);
    const bad = [
      'yes',
      'Loopback',
      '10.0.0.300',
      '10.0.0',
      '10.0.0.0/33',
      '10.0.0.0/0',
      '::zz',
      '::1/129',
      '::1,',
    ];
    expect(bad.map((TRUST_PROXY) => linesOf({ TRUST_PROXY }))).toEqual(
      bad.map(() => [
        'TRUST_PROXY: must be a number of hops, or addresses and networks such as 10.0.0.0/8,loopback',
      ]),
    );
  });

  it('knows a provider to sign in with once it has an id and a secret there, and Google by default', () => {
    expect(loadConfig({}).oidc).toBeNull();
    expect(loadConfig({ OIDC_ISSUER: 'https://id.example.org' }).oidc).toBeNull();
    const client = { OIDC_CLIENT_ID: 'tocsin', OIDC_CLIENT_SECRET: 'hush' };
    const google = { issuer: 'https://accounts.google.com', clientId: 'tocsin', clientSecret: 'hush' };
    expect(loadConfig(client).oidc).toEqual(google);
    const others = [
      'https://id.example.org/realm/',
      'http://localhost:8080',
      'http://127.0.0.1',
      'http://[::1]',
    ];
    expect(others.map((OIDC_ISSUER) => loadConfig({ ...client, OIDC_ISSUER }).oidc?.issuer)).toEqual(others);
  });

  it('does not start with half of what a provider gave, or where a sign-in could be read or could not end', () => {
    const client = { OIDC_CLIENT_ID: 'tocsin', OIDC_CLIENT_SECRET: 'hush' };
    expect(linesOf({ OIDC_CLIENT_ID: 'tocsin' })).toEqual([
      'OIDC_CLIENT_SECRET: is required with OIDC_CLIENT_ID',
    ]);
    expect(linesOf({ OIDC_CLIENT_SECRET: 'hush' })).toEqual([
      'OIDC_CLIENT_ID: is required with OIDC_CLIENT_SECRET',
    ]);
    for (const OIDC_ISSUER of ['http://id.example.org', 'https://id.example.org/?tenant=1']) {
      expect(linesOf({ ...client, OIDC_ISSUER })).toEqual([
        'OIDC_ISSUER: must be an issuer: no query, and https:// unless it is on a loopback address',
      ]);
    }
    const PUBLIC_URL = 'http://tocsin.example.org';
    expect(linesOf({ PUBLIC_URL })).toEqual([]);
    expect(linesOf({ ...client, PUBLIC_URL })).toEqual([
      'PUBLIC_URL: must start with https:// where people sign in with a provider',
    ]);
  });

  it('knows its mail servers in order, and how much of a secret passes to each', () => {
    const servers = (variables: NodeJS.ProcessEnv) =>
      loadConfig(variables).mailServers.map(({ name, tls, verified }) => [name, tls, verified]);
    expect(servers({})).toEqual([['127.0.0.1', 'opportunistic', false]]);
    expect(servers({ SMTP_URL: 'smtp://a:b@mail', SMTP_FALLBACK_URL: 'smtp://other' })).toEqual([
      ['mail', 'required', true],
      ['other', 'opportunistic', false],
    ]);
    expect(servers({ SMTP_URL: 'smtp://a:b@localhost' })).toEqual([['localhost', 'opportunistic', true]]);
    expect(servers({ SMTP_URL: 'smtps://mail', SMTP_FALLBACK_URL: 'smtp://mail:587' })).toEqual([
      ['mail', 'required', true],
      ['mail:587', 'opportunistic', false],
    ]);
    expect(servers({ SMTP_URL: 'smtp://mail', SMTP_TLS: 'required' })).toEqual([['mail', 'required', true]]);
  });

  it('does not start where a password would pass in clear, or a provider is none', () => {
    const SMTP_URL = 'smtp://a:b@mail';
    expect(linesOf({ SMTP_URL, SMTP_TLS: 'opportunistic' })).toEqual([
      'SMTP_TLS: cannot be opportunistic where a password goes to another machine',
    ]);
    expect(linesOf({ SMTP_FALLBACK_URL: SMTP_URL })).toEqual([
      'SMTP_FALLBACK_URL: is for where SMTP_URL is set',
    ]);
    expect(linesOf({ SMTP_URL, SMTP_FALLBACK_URL: SMTP_URL })).toEqual([
      'SMTP_FALLBACK_URL: must be another server than SMTP_URL',
    ]);
    for (const odd of [
      'smtp://',
      'smtp://mail?tls.rejectUnauthorized=false',
      'smtp://mail/path',
      'smtp://mail#1',
    ]) {
      expect(linesOf({ SMTP_URL: odd })).toEqual([
        'SMTP_URL: must name a host, with a port and a login if need be, and nothing else',
      ]);
    }
  });

  it.each([
    'Ada',
    'a@example.org, b@example.org',
    'Ada <a@example.org>, Eve <e@example.org>',
    'Ada <a@b@c>',
    'Ada\tEve <a@example.org>',
    'Ada <a@exämple.org>',
  ])('takes one sender, and not %j', (MAIL_FROM) => {
    expect(linesOf({ MAIL_FROM })).toEqual([
      'MAIL_FROM: must be one mail address, optionally as in Name <address>',
    ]);
    for (const one of ['Ada, Eve & Co. <a@example.org>', '"Ada" <a@example.org>', 'a@localhost']) {
      expect(linesOf({ MAIL_FROM: one })).toEqual([]);
    }
  });

  it('signs mails with a good key only, and with all that it takes', () => {
    const pem = (bits: number) =>
      generateKeyPairSync('rsa', { modulusLength: bits })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString();
    const given = { DKIM_DOMAIN: 'mail.example.org', DKIM_SELECTOR: '2026a', DKIM_PRIVATE_KEY: pem(2048) };
    expect(loadConfig({}).dkim).toBeNull();
    expect(loadConfig(given).dkim).toMatchObject({ domain: 'mail.example.org', selector: '2026a' });
    const oneLine = given.DKIM_PRIVATE_KEY.replaceAll('\n', String.raw`\n`);
    expect(loadConfig({ ...given, DKIM_PRIVATE_KEY: oneLine }).dkim?.key.type).toBe('private');
    expect(linesOf({ DKIM_SELECTOR: '2026a' })).toEqual([
      'DKIM_DOMAIN: is required with DKIM_SELECTOR',
      'DKIM_PRIVATE_KEY: is required with DKIM_SELECTOR',
    ]);
    for (const DKIM_PRIVATE_KEY of ['hush', pem(1024)]) {
      expect(linesOf({ ...given, DKIM_PRIVATE_KEY })).toEqual([
        'DKIM_PRIVATE_KEY: must be a private key in PEM, RSA of at least 2048 bits or ed25519',
      ]);
    }
  });

  it('lets limits be switched off on a loopback address only', () => {
    expect(loadConfig({ RATE_LIMIT: 'off' }).rateLimit).toBe(false);
    expect(linesOf({ RATE_LIMIT: 'off', HOST: '0.0.0.0' })).toEqual([
      'RATE_LIMIT: can be off only where HOST is a loopback address',
    ]);
  });

  it('takes origins, not addresses of pages', () => {
    expect(loadConfig({ CORS_ORIGINS: 'https://a.example.org/, *' }).corsOrigins).toEqual([
      'https://a.example.org',
      '*',
    ]);
    expect(linesOf({ CORS_ORIGINS: 'https://a.example.org/page' })).toEqual([
      'CORS_ORIGINS: must be origins such as https://app.example.org, comma-separated, or *',
    ]);
  });
});
