import pg from 'pg';
import { migrationLock } from '../persistence/migrate.ts';
import { type Contents, type Digest, fileEntry, formatVersion, partName } from './archive-format.ts';
import { ArchiveWriter } from './archive-writer.ts';
import { copyOut, DigestOfRows, settleFormat } from './copy.ts';
import { bytesText, Progress, rowsText } from './progress.ts';
import { listMigrations, listSequences, listTables, type Table } from './tables.ts';

export interface BackupOptions {
  readonly databaseUrl: string;
  /** The archive; it must not exist. Only its owner can read it. */
  readonly file: string;
  /** Small files that belong to the database, by name. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** Takes a line now and then where it takes long. */
  readonly print: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What a backup holds. */
export interface BackupContents {
  readonly takenAt: Date;
  readonly tables: Readonly<Record<string, Digest>>;
}

/** Bytes of a table in one entry of the archive: tar wants the size of an entry before its content. */
const partBytes = 1 << 20;

/**
 * Writes every row of ours as of one moment into an archive, while others go on writing. Nothing is there under
 * its name unless it is complete. @throws Error when the database is lost meanwhile, or the disk is full
 */
export async function writeBackup(options: BackupOptions): Promise<BackupContents> {
  const { databaseUrl, file, files, print, signal } = options;
  const archive = new ArchiveWriter(file, signal);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'tocsin backup' });
  // Its query, or the next one, says the same.
  client.on('error', () => undefined);
  const abort = (): void => void client.end();
  signal?.addEventListener('abort', abort);
  try {
    await client.connect();
    await settleFormat(client);
    // Before the snapshot: no migration may begin between that and the last table.
    await client.query('select pg_advisory_lock_shared($1)', [migrationLock]);
    // Read only also because a transaction id, once asked for, would hold back readers of change logs.
    await client.query('begin isolation level repeatable read read only');
    const tables = await listTables(client);
    const takenAt = await addManifest(client, archive, tables);
    for (const [name, content] of Object.entries(files)) await archive.add(fileEntry(name), content);
    const digests: Record<string, Digest> = {};
    const progress = new Progress(print);
    for (const table of tables) digests[table.name] = await addTable(client, archive, table, progress);
    const contents: Contents = { tables: digests, sequences: await listSequences(client) };
    await archive.add('contents.json', JSON.stringify(contents, null, 2));
    await archive.finish();
    return { takenAt, tables: digests };
  } catch (error) {
    await archive.discard();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
    await client.end();
  }
}

async function addManifest(
  client: pg.Client,
  archive: ArchiveWriter,
  tables: readonly Table[],
): Promise<Date> {
  const migrations = await listMigrations(client);
  if (migrations.length === 0) throw new Error('The database is empty: Tocsin has never run on it.');
  const { rows } = await client.query<{ takenAt: Date; postgres: string; nextTransaction: string }>(`
    select now() as "takenAt", current_setting('server_version') as postgres,
      pg_snapshot_xmax(pg_current_snapshot())::text as "nextTransaction"`);
  const manifest = {
    application: 'tocsin',
    format: formatVersion,
    ...rows[0],
    migrations,
    tables: tables.map(({ name, columns }) => ({ name, columns })),
  };
  await archive.add('manifest.json', JSON.stringify(manifest, null, 2));
  return rows[0]?.takenAt ?? new Date();
}

async function addTable(
  client: pg.Client,
  archive: ArchiveWriter,
  table: Table,
  progress: Progress,
): Promise<Digest> {
  const digest = new DigestOfRows();
  let part: Buffer[] = [];
  let parts = 0;
  let waiting = 0;
  const flush = async (): Promise<void> => {
    if (waiting === 0) return;
    parts += 1;
    await archive.add(partName(table.name, parts), Buffer.concat(part));
    part = [];
    waiting = 0;
  };
  for await (const chunk of copyOut(client, table)) {
    digest.add(chunk);
    part.push(chunk);
    waiting += chunk.length;
    if (waiting >= partBytes) await flush();
    progress.at(() => `${table.name}: ${rowsText(digest.rows)}, ${bytesText(digest.bytes)}`);
  }
  await flush();
  return digest.done();
}
