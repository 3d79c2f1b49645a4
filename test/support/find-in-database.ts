import type { Database } from '#platform/persistence';

interface FoundRows {
  readonly table: string;
  /** As text, in an order of their own. */
  readonly rows: string;
}

/** Every row of every table, whosever it is, that has this text anywhere in it. */
export function rowsWith(database: Database, text: string): Promise<FoundRows[]> {
  // A statement made up for each table and run inside of one, which is what the functions for XML are good for.
  return database.sql<FoundRows>`
    select "table", rows from (
      select table_schema || '.' || table_name as "table", query_to_xml(format(
        'select one::text as row from %I.%I as one where position(%L in one::text) > 0 order by 1',
        table_schema, table_name, ${text}::text), false, true, '')::text as rows
      from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')) as found
    where rows <> '' order by "table"`;
}

/** The tables that have such a row. */
export async function tablesWith(database: Database, text: string): Promise<string[]> {
  return (await rowsWith(database, text)).map(({ table }) => table);
}
