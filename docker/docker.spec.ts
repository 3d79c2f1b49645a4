import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** How a script beside this file ends. */
function run(script: string, parameters: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(import.meta.dirname, script), ...parameters], { env });
    child.once('exit', (code) => resolve(code ?? -1));
  });
}

describe('make-secrets', () => {
  let folder: string;
  let ours: string;
  let database: string;
  const makeSecrets = () => run('make-secrets.mjs', [ours, database]);
  const contents = (of: string) =>
    Object.fromEntries(readdirSync(of).map((name) => [name, readFileSync(join(of, name), 'utf8')]));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tocsin-secrets-'));
    [ours, database] = [join(folder, 'ours'), join(folder, 'database')];
    mkdirSync(ours);
    mkdirSync(database);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes secrets of 256 bits, ours for our account only, and one password for both sides', async () => {
    expect(await makeSecrets()).toBe(0);
    const made = contents(ours);
    expect(made['jwt-secret']).toMatch(/^[\da-f]{64}$/);
    expect(made['encryption-key']).toMatch(/^[\da-f]{64}$/);
    const { password } = new URL(made['database-url'] ?? '');
    expect(password).toMatch(/^[\da-f]{64}$/);
    expect(contents(database)['tocsin.sql']).toContain(`role tocsin login password '${password}'`);
    expect(contents(database)['superuser-password']).toMatch(/^[\da-f]{64}$/);
    expect(Object.keys(made).map((name) => statSync(join(ours, name)).mode & 0o777)).toEqual([
      0o400, 0o400, 0o400,
    ]);
  });

  it('keeps what is there, and goes on where it was interrupted', async () => {
    writeFileSync(join(ours, 'jwt-secret.draft'), 'half', { mode: 0o400 });
    writeFileSync(join(ours, 'encryption-key'), 'of an operator');
    await makeSecrets();
    const made = [contents(ours), contents(database)];
    expect(made[0]).toMatchObject({ 'encryption-key': 'of an operator' });
    expect(Object.keys(made[0] ?? {})).toEqual(['database-url', 'encryption-key', 'jwt-secret']);
    await makeSecrets();
    expect([contents(ours), contents(database)]).toEqual(made);
  });
});

describe('healthcheck', () => {
  let server: Server;
  let asked: string[];
  let status: number;
  const port = () => String((server.address() as AddressInfo).port);

  beforeEach(async () => {
    asked = [];
    status = 200;
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => void server.close());

  it.each([200, 503, 404])(
    'asks whether the process is ready, and passes on 200 only: %i',
    async (answered) => {
      status = answered;
      expect(await run('healthcheck.mjs', [], { PORT: port() })).toBe(answered === 200 ? 0 : 1);
      expect(asked).toEqual(['/health/ready']);
    },
  );

  it('asks a worker on its METRICS_PORT, and whoever is named', async () => {
    expect(await run('healthcheck.mjs', [], { METRICS_PORT: port(), PORT: '1' })).toBe(0);
    expect(await run('healthcheck.mjs', [`http://127.0.0.1:${port()}/`])).toBe(0);
    expect(asked).toEqual(['/health/ready', '/']);
  });

  it('fails when nobody answers', async () => {
    const env = { PORT: port() };
    server.close();
    await once(server, 'close');
    expect(await run('healthcheck.mjs', [], env)).toBe(1);
  });
});
