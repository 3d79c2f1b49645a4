import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What belongs to the database though it lies beside it: the keys with which tokens are signed and columns are
 * encrypted, and the password of the demo account as it is printed.
 */
export const keptFiles = ['secrets.json', 'demo.json'] as const;

/** Their content, of those that a data folder has. */
export const readKeptFiles = (dataDir: string): Record<string, Buffer> =>
  Object.fromEntries(
    keptFiles
      .filter((name) => existsSync(join(dataDir, name)))
      .map((name) => [name, readFileSync(join(dataDir, name))]),
  );
