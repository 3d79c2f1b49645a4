import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Puts on the disk which files a folder has: a rename outlives a power cut only after this. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
