import { existsSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readBackup } from '#platform/backup';
import { isLocked, lockFolder, openDataDir } from '#platform/data-dir';
import { migrationNames } from '#platform/persistence';
import { findPlace, hasDatabase, noteHome, runningOn } from '#platform/postgres-server';
import { buildDatabase } from './backup/build-database.ts';
import { keptFiles } from './backup/kept-files.ts';
import { finishRestore, type Swap, swap } from './backup/swap.ts';
import { embeddedConfig, print, runCommand, timeStamp, timeText } from './command.ts';
import { contexts } from './contexts.ts';

const usage = 'Give a backup: npm run restore -- <file> [--replace]';

/** `npm run restore -- <file> [--replace]`: a database as a backup holds it, with all sending held. */
await runCommand(async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { replace: { type: 'boolean', default: false } },
  });
  const [given] = positionals;
  if (given === undefined || positionals.length > 1) throw new Error(usage);
  const { dataDir } = embeddedConfig('restore');
  const file = resolve(process.env['INIT_CWD'] ?? '.', given);

  // Before the minutes that reading a large archive takes, and again when nobody else can come in.
  refuseInUse(dataDir, values.replace);
  const backup = await readBackup(file, migrationNames(contexts), print);
  signal.throwIfAborted();
  openDataDir(dataDir);
  const locks = [lockFolder(dataDir, 'supervisor.lock')];
  try {
    finishRestore(dataDir);
    const { home } = findPlace(dataDir);
    locks.push(lockFolder(home, 'postgres.lock'));
    refuseInUse(dataDir, values.replace, false);
    const folder = join(home, 'restoring');
    const taken = timeText(backup.manifest.takenAt);
    const reason = `restored from ${basename(file)} of ${taken}`;
    await buildDatabase({ backup, folder, reason, print, signal });

    const aside = `replaced-${timeStamp(new Date())}`;
    swap(dataDir, planSwap(dataDir, home, folder, aside, backup.files));
    print(
      `The database in ${dataDir} is that of ${taken}: what was changed or deleted since is as it was then.`,
    );
    if (existsSync(join(dataDir, aside))) {
      print(
        `What was there before is in ${join(dataDir, aside)}; TOCSIN_DATA_DIR=${join(dataDir, aside)} npm start runs it.`,
      );
    }
    print('All sending is held, because what waits in it may have been sent since.');
    print('Next: npm start, and when alerts have caught up with the market: npm run release');
  } finally {
    for (const lock of locks.toReversed()) lock.release();
  }
});

function refuseInUse(dataDir: string, replace: boolean, byOthers = true): void {
  if (!existsSync(dataDir)) return;
  const running = runningOn(dataDir);
  if (byOthers && isLocked(dataDir, 'supervisor.lock')) {
    throw new Error(`Tocsin runs on ${dataDir}. Stop it first.`);
  }
  if (running) {
    throw new Error(
      `Postgres runs on ${dataDir} (process ${running.pid}). Without Tocsin it ends by itself within half a minute.`,
    );
  }
  if (hasDatabase(dataDir) && !replace) {
    throw new Error(
      `${dataDir} has a database already. Add --replace to move it aside (nothing is deleted), or set TOCSIN_DATA_DIR to another folder.`,
    );
  }
}

/** The old database and its files go into a folder that is a data folder itself, the new ones into their place. */
function planSwap(
  dataDir: string,
  home: string,
  folder: string,
  aside: string,
  files: ReadonlyMap<string, Buffer>,
): Swap {
  const database = ['postgres.passwords.json', 'postgres.log', 'postgres'];
  // Beside the data folder's own files, which may be on another disk than the database.
  const drafts = join(dataDir, 'restoring');
  openDataDir(drafts);
  const restored = keptFiles.filter((name) => files.has(name));
  for (const name of restored) {
    writeFileSync(join(drafts, name), files.get(name) ?? '', { mode: 0o600, flush: true });
  }
  const away = (from: string, names: readonly string[]): [string, string][] =>
    names
      .filter((name) => existsSync(join(from, name)))
      .map((name) => [join(from, name), join(from, aside, name)]);
  const old = [...away(home, database), ...away(dataDir, keptFiles)];
  if (home !== dataDir && old.length > 0) {
    openDataDir(join(dataDir, aside));
    noteHome(join(dataDir, aside), join(home, aside));
  }
  return {
    moves: [
      ...old,
      ...restored.map((name): [string, string] => [join(drafts, name), join(dataDir, name)]),
      ...database.map((name): [string, string] => [join(folder, name), join(home, name)]),
    ],
    leftovers: [drafts, folder],
  };
}
