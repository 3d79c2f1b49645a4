import type { Database } from '#platform/persistence';

/** The tables, whosever they are, that have a row with this text anywhere in it. */
export async function tablesWith(database: Database, text: string): Promise<string[]> {
  // A statement made up for each table and run inside of one, which is what the functions for XML are good for.
  const found = await database.sql<{ name: string }>`
    select table_schema || '.' || table_name as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
      and query_to_xml(format('select 1 from %I.%I as one where position(%L in one::text) > 0 limit 1',
        table_schema, table_name, ${text}::text), false, true, '')::text <> ''
    order by name`;
  return found.map(({ name }) => name);
}
