import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate, sqlMigration } from '#platform/persistence';
import { contexts } from '../../apps/api/src/api.module.ts';
import { type Api, startApi } from '../support/api.ts';

describe('an api whose database is migrated by a newer version', () => {
  let api: Api;
  let long: pg.Client;

  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'));
    long = new pg.Client({ connectionString: api.config.databaseUrl ?? '' });
    await long.connect();
  });

  afterAll(async () => {
    await long.end();
    await api.close();
  });

  it('goes on answering while the migration waits for a table, and on the newer tables', async () => {
    const ada = await api.person();
    const create = () =>
      api.call({ method: 'POST', url: '/v1/alerts', as: ada, body: { symbol: 'BTC-USD', target: '33000' } });
    const list = () => api.call({ url: '/v1/alerts', as: ada });
    await long.query('begin; select from alerts.alerts');

    const newer = sqlMigration('9_colour', 'alter table alerts.alerts add column colour text');
    const migrating = migrate(api.config, [...contexts, { entities: [], migrations: [newer] }]);
    const waiting = () => api.database.sql`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query ~ 'add column colour'`;
    await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(1);
    expect(await create()).toMatchObject({ status: 201 });
    expect(await list()).toMatchObject({ status: 200, body: { total: 1 } });

    await long.query('commit');
    expect(await migrating).toEqual(['9_colour']);
    expect(await create()).toMatchObject({ status: 201 });
    expect(await list()).toMatchObject({ status: 200, body: { total: 2 } });
  });
});
