import { Migrator } from '@mikro-orm/migrations';
import { type Options, PostgreSqlDriver } from '@mikro-orm/postgresql';
import pg from 'pg';
import type { Config } from '../config/index.ts';
import { OutboxFlushSubscriber } from '../messaging/outbox-flush.subscriber.ts';
import { OutboxRowSchema } from '../messaging/outbox-row.schema.ts';
import { boundAnswers } from './bound-answers.ts';
import { connectionOptions } from './connections.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { platformMigrations } from './platform.migrations.ts';
import { askByName } from './prepared-statements.ts';
import { releaseDropped } from './release-dropped.ts';
import type { SqlMigration } from './sql-migration.ts';

/** Which migrations have run. */
export const migrationsTable = 'platform.migrations';

/** The longest that one statement of a process may take, in milliseconds. */
export interface Limits {
  readonly statementMs: number;
}

/** Somebody waits for the answer, and everything that a request does is a matter of milliseconds. */
export const forRequests: Limits = { statementMs: 5_000 };
/** Batches of thousands of rows; longer than that is no work but a fault. */
export const forWork: Limits = { statementMs: 30_000 };

/** What Postgres needs at most to say that a statement took too long. */
const graceMs = 1_000;
/** A process that vanished in the middle of a transaction must not hold its locks for hours. */
const idleInTransactionMs = 60_000;

/**
 * One ORM for all contexts: their entities, their migrations, one pool of connections. Without limits, as
 * migrations are, a statement may take for ever.
 */
export function ormOptions(
  config: Pick<Config, 'databaseUrl' | 'databasePoolSize'>,
  contexts: readonly ContextPersistence[],
  limits?: Limits,
  onPool: (pool: pg.Pool) => void = () => undefined,
): Options {
  const connection = connectionOptions(config.databaseUrl, 'tocsin');
  return {
    driver: PostgreSqlDriver,
    clientUrl: connection.connectionString,
    entities: [OutboxRowSchema, ...contexts.flatMap((context) => context.entities)],
    subscribers: [new OutboxFlushSubscriber()],
    extensions: [Migrator],
    driverOptions: {
      // Among them the URL once more: of the one above the ORM takes no parameters, such as `sslmode`.
      ...connection,
      ...(limits && {
        statement_timeout: limits.statementMs,
        idle_in_transaction_session_timeout: idleInTransactionMs,
      }),
      types: typeParsers(),
      onPoolCreated: (pool: pg.Pool) => {
        releaseDropped(pool);
        askByName(pool);
        if (limits) boundAnswers(pool, limits.statementMs + graceMs);
        onPool(pool);
      },
    },
    pool: { min: 0, max: config.databasePoolSize },
    forceUtcTimezone: true,
    migrations: {
      tableName: migrationsTable,
      snapshot: false,
      migrationsList: allMigrations(contexts),
      // Locks of one are not held while the next waits for its own.
      allOrNothing: false,
    },
  };
}

/** In the order in which a new database gets them. */
export const allMigrations = (contexts: readonly ContextPersistence[]): SqlMigration[] => [
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
