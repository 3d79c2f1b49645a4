import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** How each line of the log begins: time, process, and which part of the server it is. */
export const linePrefix = '%m [%p] %b: ';

/** More than a server says when it ends. */
const tailBytes = 65_536;

/** What it said for longer before its end than this has nothing to do with it. */
const freshMs = 10_000;

/**
 * Why a server ended just now, in the last words of its log: a panic of any part of it, or a fatal error of one that is
 * not the session of a client, who is only told that it did something wrong.
 */
export function lastWords(home: string): string | undefined {
  const found = tailOf(join(home, 'postgres.log'))
    .split('\n')
    .map((line) => /^(.{23}) UTC \[\d+\] (.+?): +(PANIC|FATAL): +(.*)/.exec(line))
    .findLast((match) => match !== null && (match[3] === 'PANIC' || match[2] !== 'client backend'));
  if (!found) return undefined;
  const [, at, , level, said = ''] = found;
  return Date.now() - Date.parse(`${at}Z`) > freshMs ? undefined : `${level}: ${said.slice(0, 200)}`;
}

/** What is at the end of a file; nothing when it cannot be read. */
function tailOf(file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      const { size } = fstatSync(handle);
      const tail = Buffer.alloc(Math.min(size, tailBytes));
      readSync(handle, tail, 0, tail.length, size - tail.length);
      return tail.toString();
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}
