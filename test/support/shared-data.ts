import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Whether the recordings of real markets lie beside this checkout; tests that need them are skipped otherwise. */
export const hasSharedData = existsSync(FOLDER);

/** The name to give to tests that need the recordings, so that a skipped one says why. */
export const needsSharedData = hasSharedData ? '' : ' (skipped: the folder ../shared/data is missing)';

/** The path of a file in `../shared/data`. */
export function sharedData(file: string): string {
  return `${FOLDER}${file}`;
}
