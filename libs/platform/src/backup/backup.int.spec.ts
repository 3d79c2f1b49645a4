import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { pack } from 'tar-stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { migrationNames, sqlMigration } from '../persistence/index.ts';
import { migrationLock } from '../persistence/migrate.ts';
import { type Backup, loadBackup, readBackup, writeBackup } from './index.ts';

/** Every type of column that we have, and what text formats get wrong. */
const shop = {
  entities: [],
  migrations: [
    sqlMigration(
      '1_shop',
      `
      create schema shop;
      create table shop.things (
        id bigint generated always as identity primary key,
        price numeric, facts jsonb, at timestamptz, hash bytea, note text, tags text[], ref uuid, ok boolean,
        took interval, ratio double precision, short varchar(20), doubled numeric generated always as (price * 2) stored
      );
      create table shop."Odd name" ("Some ""key" text primary key, parent text references shop."Odd name");
      -- Loaded before what it points at, and without a primary key.
      create table shop.a_part (thing bigint not null references shop.things on delete cascade, part text);
      create table shop.stamped (id integer primary key, seen text, changed_in xid8 default pg_current_xact_id());
      create table shop.seeds (name text primary key);
      insert into shop.seeds values ('from the migration');
      create sequence shop.numbers as integer no cycle;
      create unlogged table shop.cached (id integer);
      create function shop.stamp() returns trigger language plpgsql as $$
      begin
        new.seen := 'by the trigger';
        return new;
      end $$;
      create trigger stamp before insert or update on shop.stamped for each row execute function shop.stamp();
    `,
    ),
  ],
};
const known = migrationNames([shop]);
const quiet = (): void => undefined;

describe('a backup', () => {
  let folder: string;
  let template: TestDatabase;
  let source: TestDatabase;
  let target: TestDatabase;
  let file: string;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tocsin-backup-'));
    template = await migratedDatabase([shop]);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await template.drop();
  });
  beforeEach(async () => {
    file = join(folder, `${randomUUID()}.tar.gz`);
    const name = new URL(template.url).pathname.slice(1);
    source = await createDatabase(inject('postgresUrl'), name);
    target = await createDatabase(inject('postgresUrl'), name);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await Promise.all([source.drop(), target.drop()]);
  });

  async function connect(database: TestDatabase): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', quiet);
    clients.push(client);
    await client.connect();
    return client;
  }

  const rowsOf = async (database: TestDatabase, query: string): Promise<unknown[]> =>
    (await (await connect(database)).query<Record<string, unknown>>(query)).rows;

  const backUp = (extra: Partial<Parameters<typeof writeBackup>[0]> = {}) =>
    writeBackup({ databaseUrl: source.url, file, files: {}, print: quiet, ...extra });

  const read = (): Promise<Backup> => readBackup(file, known, quiet);

  it('waits for a migration under way, and holds what it brings', async () => {
    const migrating = await connect(source);
    await migrating.query('select pg_advisory_lock($1)', [migrationLock]);
    const backingUp = backUp();
    const waiting = () =>
      rowsOf(
        source,
        `select from pg_stat_activity
          where datname = current_database() and application_name = 'tocsin backup' and wait_event = 'advisory'`,
      );
    await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(1);
    await migrating.query(
      'create table shop.late (id integer primary key); insert into shop.late values (1)',
    );
    await migrating.query('select pg_advisory_unlock($1)', [migrationLock]);
    expect((await backingUp).tables['shop.late']?.rows).toBe(1);
  });

  it('brings back every value exactly, of every type', async () => {
    const from = await connect(source);
    await from.query(`
      insert into shop.things (price, facts, at, hash, note, tags, ref, ok, took, ratio, short) values
      (12345678901234567890.123456789, '{"a": [1.50, "ü\\\\n\\u2028"], "b": null}', '2026-11-22 01:02:03.123456+05:30',
        '\\x00ff0a5c', e'line\\nback\\\\slash\\ttab\\r', '{"a,b",NULL,""}', gen_random_uuid(), true,
        '1 year 2 days 00:00:00.000001', 0.1::double precision + 0.2, ''),
      (0.00000000, 'null', '-infinity', '', '', '{}', null, false, null, 'NaN', null),
      (null, null, null, null, '\\N', null, null, null, null, null, '\\.'),
      ('NaN', '"x"', 'infinity', null, null, null, null, null, null, 1e-310, null)`);
    await from.query(`insert into shop."Odd name" values ('a', null), ('b', 'a'), ('Ä"\\', 'b')`);
    await from.query(`insert into shop.a_part values (1, 'x'), (1, 'x'), (2, null)`);
    await from.query(`delete from shop.seeds; insert into shop.seeds values ('our own')`);
    const { tables } = await backUp();
    expect(tables['shop.things']?.rows).toBe(4);
    const backup = await read();
    await loadBackup(backup, target.url, quiet);
    for (const table of ['things', '"Odd name"', 'a_part', 'seeds']) {
      const all = `select row_::text from shop.${table} as row_ order by 1`;
      const there = await rowsOf(target, all);
      expect(there).toEqual(await rowsOf(source, all));
      expect(there.length).toBeGreaterThan(0);
    }
    expect(await rowsOf(target, `select doubled from shop.things where id = 2`)).toEqual([
      { doubled: '0.00000000' },
    ]);
  });

  it('goes on counting where it was', async () => {
    const from = await connect(source);
    await from.query(`insert into shop.things (note) values ('a'), ('b')`);
    await from.query(`select setval('shop.numbers', 41)`);
    await backUp();
    await loadBackup(await read(), target.url, quiet);
    const to = await connect(target);
    expect((await to.query(`select nextval('shop.numbers')::integer as next`)).rows).toEqual([{ next: 42 }]);
    await to.query(`insert into shop.things (note) values ('c')`);
    expect(await rowsOf(target, `select id from shop.things where note = 'c'`)).toEqual([{ id: '3' }]);
  });

  it('leaves triggers and foreign keys as they were, none of them having touched a row', async () => {
    const from = await connect(source);
    await from.query(`insert into shop.stamped values (1)`);
    await from.query(
      `alter table shop.stamped disable trigger stamp; update shop.stamped set seen = 'at first'`,
    );
    await backUp();
    await loadBackup(await read(), target.url, quiet);
    const to = await connect(target);
    expect((await to.query('select seen from shop.stamped')).rows).toEqual([{ seen: 'at first' }]);
    await to.query(`insert into shop.stamped values (2)`);
    expect((await to.query('select seen from shop.stamped where id = 2')).rows).toEqual([
      { seen: 'by the trigger' },
    ]);
    await expect(to.query(`insert into shop.a_part values (77, 'x')`)).rejects.toThrow('foreign key');
  });

  it('keeps transaction ids in their order and below those to come', async () => {
    const from = await connect(source);
    await from.query(`insert into shop.stamped (id, changed_in) values (0, null)`);
    for (const id of [1, 2, 3]) await from.query('insert into shop.stamped (id) values ($1)', [id]);
    await from.query(`insert into shop.stamped (id, changed_in) values (4, '3')`);
    await backUp();
    const backup = await read();
    // As from a server that has run for years.
    const ahead = { ...backup.manifest, nextTransaction: backup.manifest.nextTransaction + 1_000_000_000n };
    for (const manifest of [backup.manifest, ahead]) {
      await loadBackup({ ...backup, manifest }, target.url, quiet);
      const order = await rowsOf(
        target,
        `select id, changed_in < pg_current_xact_id() as below from shop.stamped
         where id > 0 order by changed_in, id`,
      );
      expect(order).toMatchObject(
        [4, 1, 2, 3]
          .map((id) => ({ id, below: true }))
          .toSorted((a, b) => (manifest === ahead ? a.id - b.id : 0)),
      );
      expect(await rowsOf(target, 'select changed_in from shop.stamped where id = 0')).toEqual([
        { changed_in: null },
      ]);
    }
  });

  it('is of one moment, whatever is written meanwhile', async () => {
    const from = await connect(source);
    await from.query(`insert into shop.things (note) select repeat('x', 2000) from generate_series(1, 3000)`);
    const blocker = await connect(source);
    await blocker.query('begin; lock table shop.seeds in access exclusive mode');
    const writing = backUp();
    // It has read or is reading the others; the last one it cannot yet.
    const waits = `select from pg_stat_activity where application_name = 'tocsin backup' and wait_event_type = 'Lock'
      and datname = current_database()`;
    await expect.poll(async () => (await from.query(waits)).rowCount, { timeout: 20_000 }).toBe(1);
    await from.query(`delete from shop.things; insert into shop.stamped values (9)`);
    await blocker.query(`insert into shop.seeds values ('too late')`);
    await blocker.query('commit');
    const { tables } = await writing;
    expect(tables).toMatchObject({
      'shop.things': { rows: 3000 },
      'shop.stamped': { rows: 0 },
      'shop.seeds': { rows: 1 },
    });
  });

  it('holds a big table in parts, none of which needs more memory than another', async () => {
    const from = await connect(source);
    await from.query(
      `insert into shop.things (note) select repeat(md5(n::text), 100) from generate_series(1, 1500) as n`,
    );
    await backUp();
    const parts = execFileSync('tar', ['tvzf', file], { encoding: 'utf8' }).match(
      /\d+(?= .*data\/shop.things)/g,
    );
    expect(parts?.length).toBeGreaterThan(3);
    expect(Math.max(...(parts ?? []).map(Number))).toBeLessThan(1_500_000);
    await loadBackup(await read(), target.url, quiet);
    const hash = 'select md5(string_agg(note, null order by id)) from shop.things';
    expect(await rowsOf(target, hash)).toEqual(await rowsOf(source, hash));
  });

  it('holds the files beside the database, and is for its owner alone', async () => {
    await backUp({ files: { 'secrets.json': Buffer.from('{"a": 1}') } });
    expect((await read()).files.get('secrets.json')?.toString()).toBe('{"a": 1}');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('can be looked into with tar, and leaves queue, caches and the list of migrations out', async () => {
    await (await connect(source)).query(`insert into shop.seeds values ('z')`);
    await backUp();
    const listed = execFileSync('tar', ['tzf', file], { encoding: 'utf8' }).trim().split('\n');
    expect(listed).toEqual(['manifest.json', 'data/shop.seeds/000001', 'contents.json']);
    const { tables } = (await read()).manifest;
    const names = tables.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('shop.'))).toEqual([
      'shop."Odd name"',
      'shop.a_part',
      'shop.seeds',
      'shop.stamped',
      'shop.things',
    ]);
    expect(names).toContain('platform.outbox');
    expect(names.filter((name) => /^(bullmq|pg_|information)|migrations/.test(name))).toEqual([]);
  });

  it('overwrites nothing', async () => {
    writeFileSync(file, 'holiday pictures');
    await expect(backUp()).rejects.toThrow('exists already');
    expect(readFileSync(file, 'utf8')).toBe('holiday pictures');
  });

  it('leaves nothing behind when it is broken off, or loses its database', async () => {
    await (
      await connect(source)
    ).query(`insert into shop.things (note) select repeat('x', 100) from generate_series(1, 100000)`);
    const ending = new AbortController();
    const blocker = await connect(source);
    await blocker.query('begin; lock table shop.stamped in access exclusive mode');
    const admin = await connect(target);
    const lost = backUp();
    const waiting = `from pg_stat_activity where application_name = 'tocsin backup' and wait_event_type = 'Lock'
      and datname = '${new URL(source.url).pathname.slice(1)}'`;
    const waits = async (count: number): Promise<void> => {
      const look = async () => (await admin.query(`select ${waiting}`)).rowCount;
      await expect.poll(look, { timeout: 20_000 }).toBe(count);
    };
    await waits(1);
    await admin.query(`select pg_terminate_backend(pid) ${waiting}`);
    await expect(lost).rejects.toThrow(/terminat/);
    expect(readdirSync(folder).filter((name) => file.endsWith(name.replace('.part', '')))).toEqual([]);
    await waits(0);

    const aborted = backUp({ signal: ending.signal });
    await waits(1);
    ending.abort(new Error('Ctrl-C'));
    await expect(aborted).rejects.toThrow('Ctrl-C');
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('is not made of a database on which nothing has run', async () => {
    const empty = await createDatabase(inject('postgresUrl'));
    await expect(backUp({ databaseUrl: empty.url })).rejects.toThrow('The database is empty');
    await empty.drop();
  });

  describe('that is not in order is refused in a line', () => {
    beforeEach(async () => {
      await (
        await connect(source)
      ).query(`insert into shop.things (note) select md5(n::text) from generate_series(1, 40000) as n`);
    });

    const expectRefusal = async (words: RegExp): Promise<void> => {
      const error: unknown = await read().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(String(error)).toMatch(words);
      expect(String(error)).not.toContain('\n');
    };

    /** The archive with entries changed, added or (undefined) left out. */
    async function rewrite(change: (name: string, content: Buffer) => Buffer | undefined): Promise<void> {
      const tar = gunzipSync(readFileSync(file));
      const out = pack();
      for (let at = 0; tar[at];) {
        const name = tar.toString('utf8', at, tar.indexOf(0, at));
        const size = Number.parseInt(tar.toString('utf8', at + 124, at + 135), 8);
        const content = change(name, tar.subarray(at + 512, at + 512 + size));
        if (content) out.entry({ name }, content);
        at += 512 + Math.ceil(size / 512) * 512;
      }
      out.finalize();
      writeFileSync(file, gzipSync(await buffer(out)));
    }
    const manifestWith = (change: object) =>
      rewrite((name, content) =>
        name === 'manifest.json'
          ? Buffer.from(JSON.stringify({ ...JSON.parse(content.toString()), ...change }))
          : content,
      );

    it('when there is none, or it is something else', async () => {
      await expectRefusal(/there is no such file/);
      writeFileSync(file, 'PGDMP');
      await expectRefusal(/is not a backup made by npm run backup/);
      writeFileSync(file, gzipSync('some text that is no tar'));
      await expectRefusal(/is not a backup made by/);
      writeFileSync(file, '');
      await expectRefusal(/is not a backup made by/);
      const other = pack();
      other.entry({ name: 'package/package.json' }, '{}');
      other.finalize();
      writeFileSync(file, gzipSync(await buffer(other)));
      await expectRefusal(/is not a backup made by/);
      file = folder;
      await expectRefusal(/cannot be read \(EISDIR\)/);
    });

    it('when its end is missing, wherever it was cut', async () => {
      await backUp();
      const whole = readFileSync(file);
      for (const part of [0.3, 0.9, 1 - 4 / whole.length]) {
        writeFileSync(file, whole.subarray(0, Math.floor(whole.length * part)));
        await expectRefusal(/is cut off/);
      }
      writeFileSync(file, whole);
      await rewrite((name, content) => (name === 'contents.json' ? undefined : content));
      await expectRefusal(/is cut off/);
      writeFileSync(file, gzipSync(gunzipSync(whole).subarray(0, 1_000_000)));
      await expectRefusal(/is cut off/);
    });

    it('when a bit of it has flipped, wherever', async () => {
      await backUp();
      const whole = readFileSync(file);
      for (const part of [0.2, 0.6, 0.95]) {
        const flipped = Buffer.from(whole);
        const at = Math.floor(whole.length * part);
        flipped[at] = (flipped[at] ?? 0) ^ 0x10;
        writeFileSync(file, flipped);
        await expectRefusal(/is (damaged|cut off)/);
      }
    });

    it('when rows are missing, doubled or changed, though gzip and tar are in order', async () => {
      for (const change of [
        (name: string, content: Buffer) => (name === 'data/shop.things/000001' ? undefined : content),
        (name: string, content: Buffer) =>
          name.startsWith('data/shop.things') ? Buffer.concat([content, content]) : content,
        (name: string, content: Buffer) =>
          name.startsWith('data/') ? Buffer.from(content.toString().replace('a', 'b')) : content,
        (name: string, content: Buffer) => (name === 'contents.json' ? Buffer.from('{}') : content),
      ]) {
        await backUp();
        await rewrite(change);
        await expectRefusal(/is damaged/);
        rmSync(file);
      }
    });

    it('when a newer version made it', async () => {
      await backUp();
      await manifestWith({ format: 2, somethingNew: true });
      await expectRefusal(/made by a newer version of Tocsin \(its format is 2.*\): update first/);
      await manifestWith({ format: 1, migrations: [...known, '9_future'] });
      await expectRefusal(/newer version of Tocsin \(migration 9_future is unknown here\)/);
    });

    it('when it does not fit the tables that its migrations make, before any of them is touched', async () => {
      await (await connect(source)).query('alter table shop.seeds add column extra text');
      await backUp();
      await expect(loadBackup(await read(), target.url, quiet)).rejects.toThrow('does not fit');
      expect(await rowsOf(target, 'select name from shop.seeds')).toEqual([{ name: 'from the migration' }]);
    });

    it('when the tables hold something else after loading, and leaves them as they were', async () => {
      await backUp();
      const backup = await read();
      const tables = { ...backup.contents.tables };
      const sha256 = createHash('sha256').update('another').digest('hex');
      tables['shop.things'] = { rows: 40_000, bytes: 1, sha256 };
      const expected = { ...backup, contents: { ...backup.contents, tables } };
      await expect(loadBackup(expected, target.url, quiet)).rejects.toThrow('holds other rows after loading');
      expect(await rowsOf(target, 'select name from shop.seeds')).toEqual([{ name: 'from the migration' }]);
    });
  });
});
