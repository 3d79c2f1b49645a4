import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import type pg from 'pg';
import {
  type CopyStreamQuery,
  type CopyToStreamQuery,
  from as copyFrom,
  to as copyTo,
} from 'pg-copy-streams';
import type { Digest } from './archive-format.ts';
import type { Table } from './tables.ts';

/** The columns that COPY reads and writes, in their order. */
const columnList = ({ columns }: Table): string => columns.map(({ name }) => name).join(', ');

/** The rows of a table by its primary key, in COPY's text format, which every version of Postgres understands. */
export function copyOut(client: pg.ClientBase, table: Table): AsyncIterable<Buffer> {
  const { name, order } = table;
  return begin(
    client,
    copyTo(`copy (select ${columnList(table)} from ${name} as row_ order by ${order}) to stdout`),
  );
}

/** Takes rows in that format. */
export function copyInto(client: pg.ClientBase, table: Table): Writable {
  return begin(client, copyFrom(`copy ${table.name} (${columnList(table)}) from stdin`));
}

/** A connection that is lost is told twice, the second time to nobody. */
function begin<Copy extends CopyStreamQuery | CopyToStreamQuery>(client: pg.ClientBase, copy: Copy): Copy {
  copy.on('error', () => undefined);
  return client.query(copy);
}

/** Settings under which equal rows are equal bytes, on every server; nothing else is to end a long statement. */
export async function settleFormat(client: pg.ClientBase): Promise<void> {
  await client.query(`
    set datestyle = 'ISO'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set client_encoding = 'UTF8';
    set bytea_output = 'hex'; set extra_float_digits = 1; set xmlbinary = 'base64'; set search_path = '';
    set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`);
}

const newline = 0x0a;

/** Counts and hashes what COPY writes: one line a row, breaks inside of values escaped. */
export class DigestOfRows {
  rows = 0;
  bytes = 0;
  private readonly hash = createHash('sha256');

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) this.rows += 1;
  }

  done(): Digest {
    return { rows: this.rows, bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}
