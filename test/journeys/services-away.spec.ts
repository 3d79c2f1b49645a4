import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { startCommand } from '../support/run-command.ts';

const { PATH, HOME } = process.env;

describe('a program whose services are away', () => {
  let secrets: string;
  beforeEach(() => void (secrets = mkdtempSync(join(tmpdir(), 'tocsin-secrets-'))));
  afterEach(() => rmSync(secrets, { recursive: true }));

  it.each<[program: string, parameters: string[], end: number | string]>([
    ['api/src/main', [], 0],
    ['worker/src/main', [], 0],
    // Not done, which must not look like done.
    ['api/src/migrate', [], 'SIGTERM'],
    ['api/src/create-admin', ['ada@example.org'], 'SIGTERM'],
  ])(
    '%s names the one it waits for, without its password, and can be stopped',
    async (name, parameters, end) => {
      const [port] = await freePorts(1);
      // As a container gets it, by a file.
      const databaseUrl = join(secrets, 'database-url');
      writeFileSync(databaseUrl, `postgres://tocsin:canary@127.0.0.1:${port}/tocsin`);
      const file = fileURLToPath(new URL(`../../dist/apps/${name}.js`, import.meta.url));
      const child = spawn(process.execPath, [file, ...parameters], {
        env: {
          PATH,
          HOME,
          DATABASE_URL_FILE: databaseUrl,
          SMTP_URL: 'smtp://127.0.0.1:9',
          MAIL_FROM: 'alerts@example.org',
          JWT_SECRET: 'a signing secret of this journey only',
          ENCRYPTION_KEY: 'an encryption key of this journey only',
          EMAIL_VERIFICATION: 'off',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data: Buffer) => (output += data.toString()));
      }
      await vi.waitFor(() => expect(output).toContain('\n'), { timeout: 20_000 });
      child.kill('SIGTERM');
      const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null];
      expect(exitCode ?? signal).toBe(end);
      expect(output).toBe(
        `DATABASE_URL: Postgres at 127.0.0.1:${port} refuses connections; trying again for 30 s.\n`,
      );
    },
  );

  it('the release of a hold waits for its Postgres too, with no other variable set', async () => {
    const [port] = await freePorts(1);
    const databaseUrl = join(secrets, 'database-url');
    writeFileSync(databaseUrl, `postgres://tocsin:canary@127.0.0.1:${port}/tocsin`);
    const ways: Record<string, string>[] = [
      { DATABASE_URL: `postgres://tocsin:canary@127.0.0.1:${port}/tocsin` },
      { DATABASE_URL_FILE: databaseUrl },
    ];
    for (const variables of ways) {
      const child = startCommand('release', [], variables);
      let output = '';
      child.stderr?.on('data', (data: Buffer) => (output += data.toString()));
      await vi.waitFor(() => expect(output).toContain('\n'), { timeout: 20_000 });
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([1, null]);
      expect(output).toBe(
        `DATABASE_URL: Postgres at 127.0.0.1:${port} refuses connections; trying again for 30 s.\nInterrupted.\n`,
      );
    }
  });
});
