import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, startOf } from './processes.ts';
import { errorCode } from './error-code.ts';

/** A folder in use by this process. `release` gives it back; the death of the process does too. */
export interface FolderLock {
  readonly file: string;
  readonly content: string;
  /** Whether the process before this one ended without releasing it. */
  readonly tookOver: boolean;
  release(): void;
}

/**
 * Marks a folder as in use by this process, in a file of this name.
 * @throws Error naming the living process that uses it already
 */
export function lockFolder(folder: string, name: string): FolderLock {
  const file = join(folder, name);
  const content = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  // Linked into place, so that nobody ever reads a lock that is half written.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    for (let tookOver = false; ; tookOver = true) {
      try {
        linkSync(draft, file);
        return { file, content, tookOver, release: () => release(file, content) };
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
      }
      const holder = read(file);
      if (holder && holds(holder)) {
        throw new Error(`${folder} is in use: already running (process ${holder.split(' ')[0]}).`);
      }
      remove(file, holder);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whether a living process has marked the folder as in use, this one included. */
export function isLocked(folder: string, name: string): boolean {
  return lockHolder(folder, name)?.alive === true;
}

/** The process that has marked the folder as in use; one that was killed has left its mark. */
export function lockHolder(folder: string, name: string): { pid: number; alive: boolean } | undefined {
  const holder = read(join(folder, name));
  return holder === undefined ? undefined : { pid: Number.parseInt(holder, 10), alive: holds(holder) };
}

function release(file: string, content: string): void {
  if (read(file) === content) rmSync(file, { force: true });
}

/** Takes a dead holder's lock away, and puts it back when another process was faster and it is a living one. */
function remove(file: string, holder: string | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (read(aside) !== holder) linkSync(aside, file);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** An id alone is not enough: after a restart of the machine another process may have it. */
function holds(content: string): boolean {
  const [pid, start] = content.trim().split(/ (.*)/s);
  if (!isAlive(Number(pid))) return false;
  const now = startOf(Number(pid));
  return !start || !now || now === start;
}
