import type { MigrationObject } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { type Options, PostgreSqlDriver } from '@mikro-orm/postgresql';
import pg from 'pg';
import type { Config } from '../config/index.ts';
import { OutboxFlushSubscriber } from '../messaging/outbox-flush.subscriber.ts';
import { OutboxRowSchema } from '../messaging/outbox-row.schema.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { platformMigrations } from './platform.migrations.ts';
import { releaseDropped } from './release-dropped.ts';

/** One ORM for all contexts: their entities, their migrations, one pool of connections. */
export function ormOptions(
  config: Config,
  contexts: readonly ContextPersistence[],
  onPool: (pool: pg.Pool) => void = () => undefined,
): Options {
  if (config.databaseUrl === null) throw new Error('A database URL is needed here.');
  return {
    driver: PostgreSqlDriver,
    clientUrl: config.databaseUrl,
    entities: [OutboxRowSchema, ...contexts.flatMap((context) => context.entities)],
    subscribers: [new OutboxFlushSubscriber()],
    extensions: [Migrator],
    // Connections over a network that silently drops packets must be noticed within about a minute.
    driverOptions: {
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
      application_name: 'tocsin',
      types: typeParsers(),
      onPoolCreated: (pool: pg.Pool) => {
        releaseDropped(pool);
        onPool(pool);
      },
    },
    pool: { min: 0, max: config.databasePoolSize },
    forceUtcTimezone: true,
    migrations: {
      tableName: 'platform.migrations',
      snapshot: false,
      migrationsList: allMigrations(contexts),
    },
  };
}

const allMigrations = (contexts: readonly ContextPersistence[]): MigrationObject[] => [
  ...platformMigrations,
  ...contexts.flatMap((context) => context.migrations),
];

/** What `platform.migrations` names once all of them have run. */
export const migrationNames = (contexts: readonly ContextPersistence[]): string[] =>
  allMigrations(contexts).map(({ name }) => name);

/** Instants arrive as Date, not as text; bigint as number: no id or count of ours comes near 2^53. */
function typeParsers(): InstanceType<typeof pg.TypeOverrides> {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  return types;
}
