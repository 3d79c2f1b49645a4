import { AsyncLocalStorage } from 'node:async_hooks';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { noteUse } from './prepared-statements.ts';

/** A value or a nested fragment made with {@link fragment}; values are always sent as bind parameters. */
type SqlValue = unknown;

/** A piece of SQL to be put into another one, its values still bound. */
export const fragment = sql;

const failed = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === 'rejected';

/**
 * The one door to Postgres: the ORM's entity manager for aggregates and tagged SQL for lists and set-based
 * statements, both in the ambient transaction when there is one.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name);
  /** What is to be done once the transaction of this call has committed. */
  private readonly afterwards = new AsyncLocalStorage<(() => Promise<unknown>)[]>();

  constructor(private readonly globalManager: EntityManager) {}

  /** The entity manager of the ambient transaction. */
  get entities(): EntityManager {
    const manager = this.globalManager.getContext();
    if (!manager.isInTransaction())
      throw new Error('Entities are loaded and changed inside a transaction only.');
    return manager;
  }

  /** Whether the caller already runs in a transaction. */
  get inTransaction(): boolean {
    return this.globalManager.getContext(false).isInTransaction();
  }

  /**
   * Runs `work` in the ambient transaction, or in a new one that commits when it returns. Either way what it
   * changed is written when this resolves.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.inTransaction) {
      const result = await work();
      // What comes next in the ambient transaction may look for it by SQL.
      await this.entities.flush();
      return result;
    }
    const afterwards: (() => Promise<unknown>)[] = [];
    const result = await this.afterwards.run(afterwards, () => this.globalManager.transactional(work));
    for (const { reason } of (await Promise.allSettled(afterwards.map((hook) => hook()))).filter(failed)) {
      this.logger.error(reason, 'What follows a commit failed.');
    }
    return result;
  }

  /**
   * Runs `hook` when the outermost transaction has committed and before its caller goes on; at once when there
   * is none, never when it rolls back. Its error undoes nothing any more, so it is only logged.
   */
  async afterCommit(hook: () => Promise<unknown>): Promise<void> {
    if (this.inTransaction) this.afterwards.getStore()?.push(hook);
    else await hook();
  }

  /**
   * Runs one statement and returns its rows. A tagged template: values become bind parameters. What it returns has
   * columns by name, never `*`: a statement that comes often is prepared.
   */
  async sql<Row extends object>(text: TemplateStringsArray, ...values: SqlValue[]): Promise<Row[]> {
    const kysely = this.globalManager.getKysely();
    const statement = sql<Row>(text, ...values).compile(kysely);
    noteUse(statement.sql);
    return (await kysely.executeQuery(statement)).rows;
  }

  /** Like {@link sql}, for a statement whose one row always exists. */
  async one<Row extends object>(text: TemplateStringsArray, ...values: SqlValue[]): Promise<Row> {
    const [row] = await this.sql<Row>(text, ...values);
    if (!row) throw new Error('The statement returned no row.');
    return row;
  }
}
