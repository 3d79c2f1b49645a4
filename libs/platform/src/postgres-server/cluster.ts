import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { createdOnce } from '../data-dir/index.ts';
import type { Place } from './place.ts';

const passwordsShape = z.object({ superuser: z.string(), tocsin: z.string() });

/** Passwords of the two roles: `postgres`, the superuser, and `tocsin`, which owns the database. */
export type Passwords = z.infer<typeof passwordsShape>;

/** Variables of ours hold secrets, and the account that runs Postgres may not be ours alone. */
export const serverEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  SystemRoot: process.env['SystemRoot'],
  LC_ALL: 'C',
};

/**
 * Makes a cluster at the place unless there is one. The result is the same on every machine: UTF-8, sorted by
 * code point by Postgres' own provider, page checksums, passwords by SCRAM.
 */
export async function ensureCluster(place: Place, binaries: string, durable: boolean): Promise<Passwords> {
  const { home, cluster, account } = place;
  const passwords = readPasswords(home, existsSync(cluster));
  if (existsSync(cluster)) return passwords;

  // Renamed when complete, so that an interruption leaves nothing that looks like a cluster.
  const draft = `${cluster}.new`;
  const passwordFile = `${cluster}.initdb`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, passwords.superuser, { mode: 0o600 });
  if (account) for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    await promisify(execFile)(
      join(binaries, 'initdb'),
      [
        `--pgdata=${draft}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--data-checksums',
        '--no-instructions',
        ...(durable ? [] : ['--no-sync']),
      ],
      { cwd: home, env: serverEnvironment, ...(account && { uid: account.uid, gid: account.gid }) },
    );
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? error.stderr : undefined;
    throw new Error(`Postgres could not make a cluster in ${draft}:\n${String(said || error).trim()}`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, cluster);
  return passwords;
}

/** The passwords of a cluster; made up for one that is not there yet. */
export function readPasswords(home: string, isThere = true): Passwords {
  const file = join(home, 'postgres.passwords.json');
  if (isThere && !existsSync(file)) {
    throw new Error(`${file} is missing: without it the database beside it cannot be opened.`);
  }
  return createdOnce(file, passwordsShape, () => ({ superuser: password(), tocsin: password() }));
}

function password(): string {
  return randomBytes(24).toString('base64url');
}
