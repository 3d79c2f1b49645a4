import { Client } from 'pg';
import type { RedisServer } from './redis-server.ts';
import { assertTellsNoSecret } from './told-secrets.ts';

/** Fails when anything that was written to a queue since it is watched told a secret. */
export type JobsTellNoSecret = () => Promise<void>;

/**
 * Keeps whatever is written to a queue on Postgres, in a table beside it: a job is deleted once it is done, and what an
 * attempt failed of comes later than the job.
 */
export async function watchJobsOnPostgres(databaseUrl: string): Promise<JobsTellNoSecret> {
  await query(
    databaseUrl,
    `create schema watched_jobs;
    create table watched_jobs.written (of text not null, row text not null);
    create function watched_jobs.note() returns trigger language plpgsql as
      'begin insert into watched_jobs.written values (tg_table_name, new::text); return null; end';
    do $$ declare queue_table text; begin
      for queue_table in select tablename from pg_tables where schemaname = 'bullmq' loop
        execute format('create trigger watched after insert or update on bullmq.%I
          for each row execute function watched_jobs.note()', queue_table);
      end loop;
    end $$`,
  );
  return async () => {
    const rows = await query<{ row: string }>(databaseUrl, 'select row from watched_jobs.written');
    assertTellsNoSecret(rows.map(({ row }) => row).join('\n'));
  };
}

/** Keeps whatever is sent to a queue on Redis, for as long as that Redis is not stopped. */
export async function watchJobsOnRedis(redis: RedisServer): Promise<JobsTellNoSecret> {
  const sent = await redis.monitor('bull:');
  return async () => assertTellsNoSecret(sent());
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
