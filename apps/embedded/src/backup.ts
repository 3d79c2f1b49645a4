import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BackupContents, bytesText, rowsText, writeBackup } from '#platform/backup';
import { openPostgres } from '#platform/postgres-server';
import { keptFiles, readKeptFiles } from './backup/kept-files.ts';
import { embeddedConfig, print, runCommand, timeStamp, timeText } from './command.ts';

/** `npm run backup [-- <file or folder>]`: everything in the embedded database, in one file, while Tocsin runs or not. */
await runCommand(async (signal) => {
  const { positionals } = parseArgs({ allowPositionals: true });
  if (positionals.length > 1) throw new Error('Give one file: npm run backup -- <file>');
  const { dataDir } = embeddedConfig('backup');
  const file = target(positionals[0]);
  const files = readKeptFiles(dataDir);
  const database = await openPostgres(dataDir);
  try {
    const contents = await writeBackup({ databaseUrl: database.url, file, files, print, signal });
    for (const line of summary(file, contents, Object.keys(files))) print(line);
  } finally {
    await database.close();
  }
});

/** Relative to where npm was called, which is not where it runs its scripts. */
function target(given = '.'): string {
  const path = resolve(process.env['INIT_CWD'] ?? '.', given);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return isFolder ? join(path, `tocsin-${timeStamp(new Date())}.tar.gz`) : path;
}

function summary(file: string, { takenAt, tables }: BackupContents, files: readonly string[]): string[] {
  const counts = Object.entries(tables).filter(([, { rows }]) => rows > 0);
  const width = Math.max(0, ...counts.map(([name]) => name.length));
  return [
    `Everything as of ${timeText(takenAt)} is in ${file} (${bytesText(statSync(file).size)}):`,
    ...counts.map(([name, { rows }]) => `  ${name.padEnd(width)}  ${rowsText(rows)}`),
    `With it ${keptFiles.filter((name) => files.includes(name)).join(' and ')}: whoever has the file has the keys and passwords of this installation. Only you can read it; keep it so.`,
    'Not in it: mails of the development inbox, jobs on the queue (they follow from the rows), variables of the environment.',
    `To go back to it: npm run restore -- ${file}`,
  ];
}
