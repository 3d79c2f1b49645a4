import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { loadConfig } from '../config/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { Database } from './database.ts';

describe('a connection that is dropped inside a transaction', () => {
  let postgres: TestDatabase;
  let app: INestApplicationContext;

  beforeAll(async () => {
    postgres = await createDatabase(inject('postgresUrl'));
    const config = loadConfig({
      DATABASE_URL: postgres.url,
      DATABASE_POOL_SIZE: '2',
      TOCSIN_PROFILE: 'embedded',
      LOG_LEVEL: 'trace',
    });
    const module = await Test.createTestingModule({ imports: platformModules(config, 'test', []) }).compile();
    app = module;
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  it('keeps no place in the pool', async () => {
    const database = app.get(Database);
    const drop = () =>
      database.transaction(() => database.sql`select pg_terminate_backend(pg_backend_pid())`);
    for (let drops = 0; drops < 4; drops++) await expect(drop()).rejects.toThrow(/terminat/);
    expect(await database.one`select 1 as one`).toEqual({ one: 1 });
  });
});
