import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../data-dir/index.ts';
import { type PostgresServer, startPostgres } from './index.ts';
import { readPostmaster, serves, stopPostmaster } from './postmaster.ts';

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.flatMap((row) => Object.values(row));
  } finally {
    await client.end();
  }
};

const kill = async (owner: ChildProcess): Promise<void> => {
  owner.kill('SIGKILL');
  await once(owner, 'exit');
};

describe('a Postgres of our own', () => {
  let dataDir: string;
  let others: ChildProcess[];
  const start = (port = 0, durable = false): Promise<PostgresServer> =>
    startPostgres({ dataDir, port, durable });

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tocsin-'));
    chmodSync(dataDir, 0o711);
    others = [];
  });
  afterEach(async () => {
    for (const other of others) other.kill('SIGKILL');
    const note = join(dataDir, 'postgres.location');
    const homes = [dataDir, ...(existsSync(note) ? [readFileSync(note, 'utf8').trim()] : [])];
    for (const home of homes) {
      const left = readPostmaster(join(home, 'postgres'));
      if (left && serves(left.pid, home)) await stopPostmaster(left.pid);
      rmSync(home, { recursive: true, force: true });
    }
  });

  /** Starts it in a process that can be killed, as a supervisor can. */
  const startElsewhere = async (): Promise<{ owner: ChildProcess; pid: number }> => {
    const script = `
      const { startPostgres } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
      process.send('started');
      process.on('message', () => {});
    `;
    const owner = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    others.push(owner);
    await once(owner, 'message');
    return { owner, pid: readPostmaster(join(dataDir, 'postgres'))?.pid ?? 0 };
  };

  it('keeps its data, its password and its manners over a restart', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 7 as n');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const second = await start();
    expect(await query(second.url, 'select n from kept')).toEqual([7]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(await query(second.url, 'show data_checksums')).toEqual(['on']);
    expect(await query(second.url, 'show server_encoding')).toEqual(['UTF8']);
    expect(await query(second.url, `select 'a' < 'B', upper('ä')`)).toEqual([false, 'Ä']);
    expect(await query(second.url, 'select rolsuper from pg_roles where rolname = current_user')).toEqual([
      false,
    ]);
    await second.stop();
  });

  it('keeps the passwords where only their owner reads them', async () => {
    const server = await start();
    expect(statSync(join(dataDir, 'postgres.passwords.json')).mode & 0o777).toBe(0o600);
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow('password');
    await server.stop();
  });

  it('is not started twice on one folder', async () => {
    const server = await start();
    await expect(start()).rejects.toThrow(`already running (process ${process.pid})`);
    expect(await query(server.url, 'select 1')).toEqual([1]);
    await server.stop();
  });

  it('says what killed it, also when this process was too busy to hear of it first', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    // Longer than between two looks at whether it still runs.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    expect(await server.exited).toMatchObject({ how: 'SIGKILL' });
  });

  it('takes over the server of an owner that was killed, and stops it', async () => {
    const { owner, pid } = await startElsewhere();
    await kill(owner);
    const server = await start();
    expect(server.pid).toBe(pid);
    expect(await query(server.url, 'select 1')).toEqual([1]);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('replaces a server left over that has another password', async () => {
    const { owner, pid } = await startElsewhere();
    await kill(owner);
    const file = join(dataDir, 'postgres.passwords.json');
    const passwords = readFileSync(file, 'utf8');
    writeFileSync(file, passwords.replaceAll(/": ".*"/g, '": "another"'));
    await expect(start()).rejects.toThrow('password authentication failed');
    expect(isAlive(pid)).toBe(false);
    writeFileSync(file, passwords);
  });

  it('does not outlive for ever an owner that was killed', async () => {
    const server = await startElsewhere();
    await kill(server.owner);
    await vi.waitFor(() => expect(isAlive(server.pid)).toBe(false), { timeout: 10_000 });
  });

  it('starts after the server itself was killed', async () => {
    const killed = await start(0, true);
    await query(killed.url, 'create table kept as select 7 as n');
    process.kill(killed.pid, 'SIGKILL');
    expect(await killed.exited).toMatchObject({ how: 'SIGKILL' });
    const server = await start(killed.port);
    expect(await query(server.url, 'select n from kept')).toEqual([7]);
    await server.stop();
  });

  it('says why it ended', async () => {
    const server = await start();
    const passwords = readFileSync(join(dataDir, 'postgres.passwords.json'), 'utf8');
    const { superuser } = JSON.parse(passwords) as { superuser: string };
    const url = `postgres://postgres:${superuser}@127.0.0.1:${server.port}/postgres`;
    // A client that is refused is no reason.
    await expect(query(url.replace(superuser, 'wrong'), 'select 1')).rejects.toThrow('password');
    rmSync(join(dataDir, 'postgres', 'global', 'pg_control'));
    const client = new Client({ connectionString: url }).on('error', () => undefined);
    await client.connect();
    await client.query('checkpoint').catch(() => undefined);
    expect(await server.exited).toEqual({
      how: 'SIGABRT',
      words: expect.stringMatching(/^(PANIC|FATAL): .*pg_control/),
    });
  });

  it('is not deceived by another program that has the id of a server that is gone', async () => {
    await (await start()).stop();
    const { uid, gid } = statSync(join(dataDir, 'postgres'));
    const stranger = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {});
    others.push(stranger);
    writeFileSync(
      join(dataDir, 'postgres', 'postmaster.pid'),
      `${stranger.pid}\n${join(dataDir, 'postgres')}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`,
    );
    const server = await start();
    expect(await query(server.url, 'select 1')).toEqual([1]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    await server.stop();
  });

  it('is not deceived by what is left of a server whose parent has not looked yet', async () => {
    await (await start()).stop();
    const { uid, gid } = statSync(join(dataDir, 'postgres'));
    const account = process.getuid?.() === 0 ? { uid, gid } : {};
    // The second program inherits the child of the first and never asks for its end.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], account);
    others.push(parent);
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    expect(process.kill(pid, 0)).toBe(true);
    writeFileSync(
      join(dataDir, 'postgres', 'postmaster.pid'),
      `${pid}\n${join(dataDir, 'postgres')}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`,
    );
    const server = await start();
    expect(await query(server.url, 'select 1')).toEqual([1]);
    await server.stop();
  });

  it('says what is wrong when the port asked for is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const error = await start(port).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toMatch(/did not start on port \d+:[^]*Address already in use/);
    holder.close();
  });

  it('starts in a folder that nobody else can enter, and keeps its data when that moves', async () => {
    chmodSync(dataDir, 0o700);
    const first = await start();
    await query(first.url, 'create table kept as select 7 as n');
    await first.stop();

    const moved = `${dataDir}-moved`;
    renameSync(dataDir, moved);
    dataDir = moved;
    const second = await start();
    expect(await query(second.url, 'select n from kept')).toEqual([7]);
    await second.stop();
  });

  it('starts over when the making of its cluster was interrupted', async () => {
    mkdirSync(join(dataDir, 'postgres.new', 'base'), { recursive: true });
    const server = await start();
    expect(await query(server.url, 'select 1')).toEqual([1]);
    await server.stop();
  });
});
