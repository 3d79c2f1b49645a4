import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { errorCode } from './error-code.ts';

/** The JSON in a file that only its owner can read; made and kept there the first time. */
export function createdOnce<T>(file: string, shape: z.ZodType<T>, create: () => T): T {
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      throw new Error(`${file} cannot be read: ${String(error)}`, { cause: error });
    }
  }
  const value = create();
  // Renamed into place: a crash in between must not leave half a file, which every later start would refuse.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return value;
}
