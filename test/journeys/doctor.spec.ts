import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runningUrl } from '#platform/postgres-server';
import { createDatabase } from '../support/database.ts';
import { freePorts } from '../support/free-ports.ts';
import { runCommand } from '../support/run-command.ts';
import { TocsinPerTest } from '../support/tocsin-per-test.ts';

/** Takes mail from `ada` with the password `right` only, and repeats any other. */
async function mailServer(): Promise<number> {
  const server = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'ada' && password === 'right'
        ? done(null, { user: username })
        : done(new Error(`${username} is not ${password}`)),
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return (listening.address() as AddressInfo).port;
}

const server = {
  MAIL_FROM: 'alerts@example.org',
  JWT_SECRET: 'a canary that signs what nobody may read',
  ENCRYPTION_KEY: 'a canary that encrypts what nobody may read',
  EMAIL_VERIFICATION: 'off',
  PUBLIC_URL: 'https://tocsin.example.org',
  TRUST_PROXY: '1',
  MARKET_FEEDS: 'none',
};

describe('npm run doctor', () => {
  const tocsins = new TocsinPerTest();
  const doctor = (variables: Record<string, string>) => runCommand('doctor', [], variables);

  it('looks at an installation before it is made, while it runs and when it is stopped', async () => {
    const { dataDir, variables } = tocsins;
    rmSync(dataDir, { recursive: true });
    const before = await doctor(variables);
    expect(before).toMatchObject({ code: 0, output: expect.stringMatching(/^0 failed, 0 to think/m) });
    expect(before.output).toContain('is not there yet; npm start makes it');
    expect(existsSync(dataDir)).toBe(false);

    const tocsin = tocsins.start();
    await tocsin.ready();
    const during = await doctor(variables);
    expect(during).toMatchObject({ code: 0, output: expect.stringMatching(/^0 failed, 0 to think/m) });
    for (const said of [
      /data folder +.*Tocsin runs on it \(process \d+\)/,
      /ports +the api answers on PORT \d+ and is ready/,
      /Postgres +18\.\d+ at 127\.0\.0\.1:\d+/,
      /Postgres +every table of this version/,
      /what waits +0 messages to be sent/,
      /mail +127\.0\.0\.1 answers/,
    ]) {
      expect(during.output).toMatch(said);
    }

    await expectToSeeWhatIsWrong(runningUrl(dataDir) ?? '');

    tocsin.kill('SIGTERM');
    await tocsin.ended();
    const files = () => readdirSync(dataDir).map((name) => [name, statSync(join(dataDir, name)).mtimeMs]);
    const untouched = files();
    const after = await doctor(variables);
    expect(after).toMatchObject({ code: 0, output: expect.stringContaining('Tocsin does not run on it') });
    expect(after.output).toMatch(/Postgres +the embedded one does not run.* Not looked at/);
    expect(files()).toEqual(untouched);
  });

  /** The server profile on the Postgres that runs just now, as an operator sets it up wrongly. */
  async function expectToSeeWhatIsWrong(url: string): Promise<void> {
    const port = String((await freePorts(1))[0]);
    const mail = await mailServer();
    const wrong = new URL(url);
    wrong.password = 'canary';
    const empty = await createDatabase(url);
    const session = new pg.Client({ connectionString: url });
    await session.connect();
    await session.query(`insert into delivery.providers (name, paused_until, reason)
      values ('mail.example.org', now() + interval '1 hour', '421')`);
    await session.end();
    const [{ code, output }, unmigrated, incomplete] = await Promise.all([
      doctor({
        ...server,
        PORT: port,
        DATABASE_URL: wrong.href,
        SMTP_URL: `smtp://ada:canary@127.0.0.1:${mail}`,
        REDIS_URL: 'redis://ada:canary@127.0.0.1:9',
        BINANCE_REST_URL: 'http://ada:canary@127.0.0.1:9',
        MARKET_FEEDS: 'binance',
      }),
      doctor({
        ...server,
        PORT: port,
        DATABASE_URL: empty.url,
        SMTP_URL: `smtp://ada:right@127.0.0.1:${mail}`,
      }),
      doctor({ DATABASE_URL: url, PORT: 'canary', MARKET_FEEDS: 'none' }),
    ]);
    await empty.drop();
    expect(output).toMatch(
      /FAIL +Postgres +DATABASE_URL: .* does not accept this user and password\n +-> \S/,
    );
    expect(output).toMatch(
      /FAIL +mail +SMTP_URL: .* does not accept this user and password \(535\)\n +-> \S/,
    );
    expect(output).toMatch(/FAIL +Redis +REDIS_URL: .* refuses connections\n +-> \S/);
    expect(output).toMatch(/warn +market +Binance at 127\.0\.0\.1:9 /);
    expect(output).toMatch(/^3 failed/m);
    expect(code).toBe(1);
    // Neither what a URL holds, nor a secret, nor an address.
    expect(output).not.toMatch(/canary|ada|example\.org/);

    expect(unmigrated).toMatchObject({
      code: 1,
      output: expect.stringMatching(/\d+ migrations did not run yet\n +-> npm run db:migrate/),
    });
    expect(unmigrated.output).toMatch(/mail +127\.0\.0\.1 answers and accepts this login/);

    expect(incomplete.code).toBe(78);
    expect(incomplete.output).toMatch(/FAIL +configuration +PORT: .*\n(.*\n)*.*JWT_SECRET: is required/);
    expect(incomplete.output).toMatch(
      /warn +what waits +nothing goes to mail\.example\.org for 3[56]\d\d s: it asked to wait \(421\)\n +-> \S/,
    );
    expect(incomplete.output).not.toContain('canary');
  }
});
