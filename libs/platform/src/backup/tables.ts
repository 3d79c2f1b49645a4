import type pg from 'pg';
import { migrationsTable } from '../persistence/orm-options.ts';
import { queueSchema } from '../queues/migrate-queues.ts';

/** A table whose rows are to be kept. Names of it and of its key are SQL. */
export interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** What its rows are ordered by: its primary key, or all of the row. */
  readonly order: string;
}

/** Objects of ours: all but the system's and BullMQ's, whose jobs only point at rows. */
const ours = `namespace.nspname !~ '^pg_' and namespace.nspname not in ('information_schema', '${queueSchema}')`;

/** Every table whose rows are the truth: no migration list, which migrating writes, and nothing unlogged. */
export async function listTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    select format('%I.%I', namespace.nspname, class.relname) as name,
      (select json_agg(json_build_object('name', quote_ident(attname), 'type', format_type(atttypid, atttypmod))
          order by attnum)
        from pg_attribute
        where attrelid = class.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns,
      coalesce((
        select string_agg('row_.' || quote_ident(attname), ', ' order by array_position(indkey::int2[], attnum))
        from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey)
        where indrelid = class.oid and indisprimary), 'row_::text') as order
    from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind = 'r' and class.relpersistence = 'p' and ${ours}
      and class.oid is distinct from to_regclass('${migrationsTable}')
    order by 1`);
  return rows;
}

/** Every sequence, with what it gives next. Not part of a snapshot: at least what the snapshot has used. */
export async function listSequences(
  client: pg.ClientBase,
): Promise<{ name: string; value: string; called: boolean }[]> {
  const { rows } = await client.query<{ name: string }>(`
    select format('%I.%I', namespace.nspname, class.relname) as name
    from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind = 'S' and class.relpersistence = 'p' and ${ours}
      and not exists (
        select from pg_depend where objid = class.oid and refobjid = to_regclass('${migrationsTable}'))
    order by 1`);
  const sequences = [];
  for (const { name } of rows) {
    const { rows: states } = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${name}`,
    );
    sequences.push(...states.map((state) => ({ name, ...state })));
  }
  return sequences;
}

/** The foreign keys of all our tables, as the SQL that takes them off and puts them back. */
export async function listForeignKeys(client: pg.ClientBase): Promise<{ drop: string; add: string }[]> {
  const { rows } = await client.query<{ drop: string; add: string }>(`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(pg_constraint.oid)) as add
    from pg_constraint join pg_namespace as namespace on namespace.oid = connamespace
    where contype = 'f' and conparentid = 0 and ${ours}`);
  return rows;
}

/** The migrations that have run, in their order. */
export async function listMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ known: boolean }>(
    `select to_regclass('${migrationsTable}') is not null as known`,
  );
  if (!rows[0]?.known) return [];
  const { rows: migrations } = await client.query<{ name: string }>(
    `select name from ${migrationsTable} order by id`,
  );
  return migrations.map(({ name }) => name);
}
