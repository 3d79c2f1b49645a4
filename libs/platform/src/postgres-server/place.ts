import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openDataDir } from '../data-dir/index.ts';
import { type Account, canEnter, unprivilegedAccount } from './account.ts';

const noteName = 'postgres.location';

/** Where a database lives, and as whom its server runs: ourselves when `account` is undefined. */
export interface Place {
  readonly home: string;
  readonly cluster: string;
  readonly account: Account | undefined;
}

/**
 * Finds the place of a data folder's database: the folder itself. Where we are root and Postgres' account
 * cannot enter it (a checkout under /root), a folder outside, noted in `postgres.location` so that a data
 * folder that is moved keeps its database.
 */
export function findPlace(dataDir: string): Place {
  openDataDir(dataDir);
  const home = homeOf(dataDir);
  if (home !== dataDir) mkdirSync(home, { recursive: true });

  const cluster = join(home, 'postgres');
  const owner = existsSync(cluster) ? statSync(cluster) : undefined;
  const me = process.getuid?.();
  if (me !== 0) {
    if (owner && me !== undefined && owner.uid !== me) {
      throw new Error(
        `The database in ${cluster} belongs to another user (id ${owner.uid}). Start as that user, or set TOCSIN_DATA_DIR to another folder.`,
      );
    }
    return { home, cluster, account: undefined };
  }

  const account =
    owner && owner.uid !== 0
      ? { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid }
      : unprivilegedAccount();
  if (canEnter(account, home)) return { home, cluster, account };
  if (owner) {
    throw new Error(
      `The database in ${cluster} cannot be reached by ${account.name}, which runs it: a folder above is closed. Open that folder (chmod o+x), or move the data folder out of it.`,
    );
  }
  const elsewhere = join(
    openFolder(account),
    createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16),
  );
  mkdirSync(elsewhere, { recursive: true });
  chmodSync(elsewhere, 0o711);
  noteHome(dataDir, elsewhere);
  return { home: elsewhere, cluster: join(elsewhere, 'postgres'), account };
}

/** The folder that holds the database of a data folder: itself, or the one that is noted in it. */
export function homeOf(dataDir: string): string {
  const note = join(dataDir, noteName);
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : dataDir;
}

/** Makes another folder the home of a data folder's database. */
export function noteHome(dataDir: string, home: string): void {
  writeFileSync(join(dataDir, noteName), `${home}\n`);
}

/** A folder of root's that an account can enter; it outlives a restart of the machine. */
export function openFolder(account: Account): string {
  const folders = ['/var/lib/tocsin', '/var/tmp/tocsin'];
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true });
      const stat = lstatSync(folder);
      // Anybody may make folders in /var/tmp: one that is not ours is not used.
      if (!stat.isDirectory() || stat.uid !== 0) continue;
      chmodSync(folder, 0o755);
      if (canEnter(account, folder)) return folder;
    } catch {
      // Read-only, for example: the next one.
    }
  }
  throw new Error(`Postgres needs a folder that ${account.name} can enter; tried ${folders.join(', ')}.`);
}
