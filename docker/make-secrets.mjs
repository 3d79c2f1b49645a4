// Makes up the secrets of an installation and keeps those that are there: `node docker/make-secrets.mjs OURS DATABASE`.
// OURS is read by our own processes. DATABASE is what Postgres sets itself up with, when its cluster is made.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [ours, database] = process.argv.slice(2);

keep(join(ours, 'jwt-secret'), random, 0o400);
keep(join(ours, 'encryption-key'), random, 0o400);
const url = keep(
  join(ours, 'database-url'),
  () => `postgres://tocsin:${random()}@postgres:5432/tocsin`,
  0o400,
);

// Another account reads these two, and they are in a volume that only the database sees.
const { password } = new URL(url);
keep(join(database, 'superuser-password'), random, 0o444);
keep(
  join(database, 'tocsin.sql'),
  () => `create role tocsin login password '${password}';\ncreate database tocsin owner tocsin;\n`,
  0o444,
);

function random() {
  return randomBytes(32).toString('hex');
}

/** The content of a file, made the first time; renamed into place, so that an interruption leaves no half of it. */
function keep(file, make, mode) {
  if (!existsSync(file)) {
    rmSync(`${file}.draft`, { force: true });
    writeFileSync(`${file}.draft`, make(), { mode });
    renameSync(`${file}.draft`, file);
    process.stdout.write(`Made ${file}.\n`);
  }
  return readFileSync(file, 'utf8');
}
