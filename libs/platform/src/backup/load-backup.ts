import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { tableOfPart } from './archive-format.ts';
import { type ArchiveEntry, readArchive } from './archive-reader.ts';
import { copyInto, copyOut, DigestOfRows, settleFormat } from './copy.ts';
import { bytesText, Progress, rowsText } from './progress.ts';
import type { Backup } from './read-backup.ts';
import { listForeignKeys, listTables, type Table } from './tables.ts';

/**
 * Puts the rows of a backup into a database that has exactly its migrations, in one transaction, in place of
 * what is there, and compares what stands in the tables afterwards with what was written into the archive.
 * @throws Error when they differ
 */
export async function loadBackup(
  backup: Backup,
  databaseUrl: string,
  print: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'tocsin restore' });
  client.on('error', () => undefined);
  const abort = (): void => void client.end();
  signal?.addEventListener('abort', abort);
  try {
    await client.connect();
    await settleFormat(client);
    await client.query('begin');
    const tables = await listTables(client);
    expectSameTables(backup, tables);
    const progress = new Progress(print);
    await withoutRules(client, tables, async () => {
      await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
      await copyIn(client, backup, tables, progress);
      await verify(client, backup, tables, progress);
      await shiftTransactionIds(client, backup, tables);
    });
    for (const { name, value, called } of backup.contents.sequences) {
      await client.query('select setval($1::regclass, $2, $3)', [name, value, called]);
    }
    await client.query('commit');
    await client.query('analyze');
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
    await client.end();
  }
}

const shapeOf = ({ name, columns }: Omit<Table, 'order'>): Omit<Table, 'order'> => ({ name, columns });

function expectSameTables({ file, manifest }: Backup, tables: readonly Table[]): void {
  if (isDeepStrictEqual(tables.map(shapeOf), manifest.tables.map(shapeOf))) return;
  throw new Error(`${file} does not fit: its migrations have made other tables there than they make here.`);
}

/**
 * Triggers must not touch what was true already, and tables come in the order of their names. The foreign keys
 * are checked when they are put back, in one go each.
 */
async function withoutRules(
  client: pg.Client,
  tables: readonly Table[],
  work: () => Promise<void>,
): Promise<void> {
  const foreignKeys = await listForeignKeys(client);
  for (const { name } of tables) await client.query(`alter table ${name} disable trigger user`);
  for (const { drop } of foreignKeys) await client.query(drop);
  await work();
  for (const { add } of foreignKeys) await client.query(add);
  for (const { name } of tables) await client.query(`alter table ${name} enable trigger user`);
}

async function copyIn(
  client: pg.Client,
  { file }: Backup,
  tables: readonly Table[],
  progress: Progress,
): Promise<void> {
  const entries = readArchive(file);
  let entry = await next();
  while (entry) {
    const table = tables.find(({ name }) => name === tableOfPart(entry?.name ?? ''));
    if (table) await pipeline(rowsOf(table), copyInto(client, table));
    else entry = await next();
  }

  /** The parts of a table, which follow one another. */
  async function* rowsOf({ name }: Table): AsyncGenerator<Buffer> {
    const digest = new DigestOfRows();
    for (; entry && tableOfPart(entry.name) === name; entry = await next()) {
      for await (const chunk of entry.content) {
        digest.add(chunk);
        progress.at(() => `${name}: ${rowsText(digest.rows)}, ${bytesText(digest.bytes)}`);
        yield chunk;
      }
    }
  }

  async function next(): Promise<ArchiveEntry | undefined> {
    const result = await entries.next();
    return result.done ? undefined : result.value;
  }
}

async function verify(
  client: pg.Client,
  { file, contents }: Backup,
  tables: readonly Table[],
  progress: Progress,
): Promise<void> {
  for (const table of tables) {
    const digest = new DigestOfRows();
    for await (const chunk of copyOut(client, table)) {
      digest.add(chunk);
      progress.at(() => `${table.name}: compared ${rowsText(digest.rows)}`);
    }
    const { rows, sha256 } = digest.done();
    const expected = contents.tables[table.name];
    if (rows !== expected?.rows || sha256 !== expected.sha256) {
      throw new Error(
        `${table.name} holds other rows after loading (${rows}) than ${file} (${expected?.rows}); nothing was changed.`,
      );
    }
  }
}

/**
 * Transaction ids begin anew with a server. Those in rows move by the difference, so that they stay in their
 * order and below every one to come; what comes out too low becomes the lowest: long ago, which it is.
 */
async function shiftTransactionIds(
  client: pg.Client,
  { manifest }: Backup,
  tables: readonly Table[],
): Promise<void> {
  for (const { name, columns } of tables) {
    const moved = columns
      .filter(({ type }) => type === 'xid8')
      .map(
        ({ name: column }) => `${column} = case when ${column} is not null then greatest(3,
          ${column}::text::bigint - ${manifest.nextTransaction} + pg_current_xact_id()::text::bigint)::text::xid8 end`,
      );
    if (moved.length > 0) await client.query(`update ${name} set ${moved.join(', ')}`);
  }
}
