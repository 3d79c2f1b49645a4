import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesText } from '#platform/backup';
import type { Config } from '#platform/config';
import { lockHolder } from '#platform/data-dir';
import { homeOf, majorVersion } from '#platform/postgres-server';
import { type Check, failed, type Finding, ok, warn } from './finding.ts';

const secretFiles = ['secrets.json', 'demo.json', 'postgres.passwords.json'];

/** The folder of the embedded profile: whether it can be used, and by whom it is. */
export const dataFolder = ({ dataDir, databaseUrl }: Config): Check => ({
  subject: 'data folder',
  look: () => {
    if (!existsSync(dataDir)) return [notThere(dataDir)];
    if (!mayWrite(dataDir)) {
      return [failed(`${dataDir} is not open to this user`, 'Run this as the user that runs Tocsin.')];
    }
    const home = homeOf(dataDir);
    return [
      whoseItIs(dataDir),
      ...(databaseUrl === null ? [...version(home), space(home)] : []),
      ...open([...new Set([dataDir, home])]),
      ...restoring(dataDir),
    ];
  },
});

function notThere(dataDir: string): Finding {
  let parent = dirname(dataDir);
  while (!existsSync(parent)) parent = dirname(parent);
  if (mayWrite(parent)) return ok(`${dataDir} is not there yet; npm start makes it`);
  return failed(
    `${dataDir} is not there, and this user cannot make it in ${parent}`,
    'Set TOCSIN_DATA_DIR to a folder of yours.',
  );
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function whoseItIs(dataDir: string): Finding {
  const holder = lockHolder(dataDir, 'supervisor.lock');
  if (!holder) return ok(`${dataDir}; Tocsin does not run on it`);
  if (holder.alive) return ok(`${dataDir}; Tocsin runs on it (process ${holder.pid})`);
  return ok(`${dataDir}; the Tocsin that ran on it was killed, which the next npm start puts right`);
}

function version(home: string): Finding[] {
  const file = join(home, 'postgres', 'PG_VERSION');
  if (!existsSync(file)) return [];
  const [data, program] = [readFileSync(file, 'utf8').trim(), majorVersion()];
  if (data === program) return [];
  return [
    failed(
      `the database is one of Postgres ${data}, and this version of Tocsin brings Postgres ${program}`,
      'Take a backup with the version that you had, and restore it with this one.',
    ),
  ];
}

function space(home: string): Finding {
  const { bavail, bsize } = statfsSync(home);
  const free = bavail * bsize;
  const text = `${bytesText(free)} free on its disk`;
  if (free > 1e9) return ok(text);
  const advice = 'Make room: a Postgres that cannot write ends.';
  return free > 1e8 ? warn(text, advice) : failed(text, advice);
}

function open(folders: readonly string[]): Finding[] {
  return folders
    .flatMap((folder) => secretFiles.map((name) => join(folder, name)))
    .filter((file) => existsSync(file) && process.platform !== 'win32' && statSync(file).mode & 0o077)
    .map((file) => warn(`${file} can be read by others`, `chmod 600 ${file}`));
}

function restoring(dataDir: string): Finding[] {
  if (!existsSync(join(dataDir, 'restore.json'))) return [];
  return [warn('a restore was interrupted in its last step', 'npm start finishes it.')];
}
