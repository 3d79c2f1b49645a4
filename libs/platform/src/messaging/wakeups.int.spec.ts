import { Logger } from '@nestjs/common';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { loadConfig } from '../config/index.ts';
import { Wakeups } from './wakeups.ts';

describe('wake-ups', () => {
  let postgres: TestDatabase;
  let session: pg.Client;
  let proxy: TcpProxy;
  let wakeups: Wakeups;
  const bell = vi.fn<() => void>();

  beforeAll(async () => {
    postgres = await createDatabase(inject('postgresUrl'));
    session = new pg.Client({ connectionString: postgres.url });
    await session.connect();
    const { hostname, port } = new URL(postgres.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  });

  afterAll(async () => {
    await session.end();
    await proxy.close();
    await postgres.drop();
  });

  beforeEach(() => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const url = new URL(postgres.url);
    url.host = `127.0.0.1:${proxy.port}`;
    wakeups = new Wakeups(loadConfig({ DATABASE_URL: url.href, TOCSIN_PROFILE: 'embedded' }));
    bell.mockReset();
  });

  afterEach(async () => {
    proxy.restore();
    await wakeups.onApplicationShutdown();
    vi.restoreAllMocks();
  });

  const notify = (channel: string) => session.query(`notify ${channel}`);
  const sessions = async () => {
    const { rows } = await session.query(
      `select pid from pg_stat_activity
       where application_name = 'tocsin wakeups' and datname = current_database()`,
    );
    return rows as { pid: number }[];
  };
  const listeningAgain = (times: number) =>
    vi.waitFor(() => expect(bell).toHaveBeenCalledTimes(times), { timeout: 5000 });

  it('come after each commit that notified, and not before', async () => {
    await wakeups.listen('bell', bell);
    bell.mockReset();
    await session.query('begin');
    await notify('bell');
    await notify('bell');
    // Another notification, committed: when it has come, the one before it would have come too.
    const seen = vi.fn<() => void>();
    await wakeups.listen('door', seen);
    const other = new pg.Client({ connectionString: postgres.url });
    await other.connect();
    await other.query('notify door');
    await other.end();
    await vi.waitFor(() => expect(seen).toHaveBeenCalled());
    expect(bell).not.toHaveBeenCalled();

    await session.query('commit');
    await listeningAgain(1);
    await notify('bell');
    await listeningAgain(2);
  });

  it('reach everyone on that channel over one connection, until they no longer listen', async () => {
    const [second, elsewhere] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const leave = await wakeups.listen('bell', bell);
    await Promise.all([wakeups.listen('bell', second), wakeups.listen('door', elsewhere)]);
    for (const listener of [bell, second, elsewhere]) listener.mockReset();
    await notify('bell');
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(1));
    expect(bell).toHaveBeenCalledTimes(1);
    expect(elsewhere).not.toHaveBeenCalled();
    expect(await sessions()).toHaveLength(1);

    leave();
    await notify('bell');
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(2));
    expect(bell).toHaveBeenCalledTimes(1);
  });

  it('come once more when a lost connection is back, for whatever was missed, and go on', async () => {
    await wakeups.listen('bell', bell);
    bell.mockReset();
    for (const { pid } of await sessions()) await session.query('select pg_terminate_backend($1)', [pid]);
    await listeningAgain(1);
    await notify('bell');
    await listeningAgain(2);
    expect(await sessions()).toHaveLength(1);
  });

  it('begin when the database does, and let nobody wait for it', async () => {
    proxy.cut();
    await wakeups.listen('bell', bell);
    await wakeups.listen('door', bell);
    expect(bell).not.toHaveBeenCalled();
    proxy.restore();
    await listeningAgain(2);
    await notify('door');
    await listeningAgain(3);
    expect(await sessions()).toHaveLength(1);
  });

  it('keep to one connection when somebody asks before the next attempt is due', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      proxy.cut();
      await wakeups.listen('bell', bell);
      proxy.restore();
      await wakeups.listen('door', bell);
      await vi.advanceTimersByTimeAsync(2000);
      await wakeups['connecting'];
    } finally {
      vi.useRealTimers();
    }
    expect(await sessions()).toHaveLength(1);
  });

  it('do not fail one who asks while the connection is being lost', async () => {
    await wakeups.listen('bell', bell);
    proxy.cut();
    await expect(wakeups.listen('door', bell)).resolves.toBeTypeOf('function');
  });

  it('take only plain names of channels', async () => {
    await expect(wakeups.listen('bell; drop table x', bell)).rejects.toThrow('is not a channel name');
  });

  describe('at the end of the process', () => {
    it('leave no connection, and make no other', async () => {
      await wakeups.listen('bell', bell);
      await wakeups.onApplicationShutdown();
      await vi.waitFor(async () => expect(await sessions()).toEqual([]));
      expect(Logger.prototype.warn).not.toHaveBeenCalled();
    });

    it('leave none that was just being made', async () => {
      const listening = wakeups.listen('bell', bell);
      await wakeups.onApplicationShutdown();
      await listening;
      await vi.waitFor(async () => expect(await sessions()).toEqual([]));
      expect(bell).not.toHaveBeenCalled();
    });

    it('do not wait for a database that is away', async () => {
      await wakeups.listen('bell', bell);
      proxy.cut();
      await expect(wakeups.onApplicationShutdown()).resolves.toBeUndefined();
    });

    it('do not wait for a database that does not answer', async () => {
      await wakeups.listen('bell', bell);
      proxy.stall();
      await expect(wakeups.onApplicationShutdown()).resolves.toBeUndefined();
    });
  });
});
