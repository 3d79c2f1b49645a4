import { Client } from 'pg';
import { expect, inject, it, onTestFinished } from 'vitest';
import { migrate } from '#platform/persistence';
import { loadConfig } from '#platform/config';
import { contexts } from '../../apps/embedded/src/contexts.ts';
import { createDatabase } from '../support/database.ts';
import { freePorts } from '../support/free-ports.ts';
import { startRedis } from '../support/redis-server.ts';
import { runCommand } from '../support/run-command.ts';

it('npm run doctor tells a Redis that is well, that throws jobs away, that is silent and that is away', async () => {
  const redis = await startRedis();
  const database = await createDatabase(inject('postgresUrl'));
  onTestFinished(async () => {
    await redis.close();
    await database.drop();
  });
  await migrate(loadConfig({ TOCSIN_PROFILE: 'embedded', DATABASE_URL: database.url }), contexts);
  const [port = 0] = await freePorts(1);
  const doctor = () =>
    runCommand('doctor', [], {
      TOCSIN_PROFILE: 'embedded',
      TOCSIN_DATA_DIR: '/nowhere-that-can-be/.tocsin',
      PORT: String(port),
      MAILBOX_PORT: '0',
      MAILBOX_SMTP_PORT: '0',
      MARKET_FEEDS: 'none',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
    });
  await redis.command('config set maxmemory-policy noeviction');
  const well = await doctor();
  expect(well.output).toMatch(/ok +Redis +7\.\d+\.\d+ at 127\.0\.0\.1:\d+\n/);
  expect(well.output).toMatch(/ok +Postgres +15\.\d+ at/);
  expect(well.output).toMatch(/ok +what waits +0 messages/);

  await redis.command('config set maxmemory-policy allkeys-lru');
  await leaveWaiting(database.url);
  const busy = await doctor();
  expect(busy.output).toMatch(/warn +what waits +2 events for a relay, the oldest for 120 min\n +-> .*relay/);
  expect(busy.output).toMatch(/warn +what waits +all sending is held; 0 messages.*\n +-> npm run release/);
  expect(busy).toMatchObject({ code: 0, output: expect.stringContaining('0 failed, 4 to think about') });
  expect(busy.output).toMatch(/warn +Redis +REDIS_URL: .*allkeys-lru.*\n +-> .*noeviction/);

  redis.hold();
  const silent = await doctor();
  redis.resume();
  expect(silent.output).toMatch(/FAIL +Redis +REDIS_URL: .* does not answer\n +-> /);

  await redis.stop();
  const away = await doctor();
  expect(away).toMatchObject({
    code: 1,
    output: expect.stringMatching(/FAIL +Redis .* refuses connections/),
  });
  // Whatever else is looked at is looked at all the same.
  expect(away.output).toMatch(/what waits +2 events/);
});

/** Events that no relay took, sending that is held, and a migration of a version to come. */
async function leaveWaiting(connectionString: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(`insert into platform.outbox (id, type, payload, occurred_at)
    select gen_random_uuid(), 'test.bell-rang.v1', '{}', now() - interval '2 hours' from generate_series(1, 2)`);
  await client.query(`insert into delivery.hold (since, reason) values (now(), 'restored')`);
  await client.query(`insert into platform.migrations (name) values ('29990101000000_to_come')`);
  await client.end();
}
