import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isLocked } from '../data-dir/index.ts';
import { readPasswords } from './cluster.ts';
import { urlOf, waitUntilReady } from './database.ts';
import { homeOf } from './place.ts';
import { type Postmaster, readPostmaster, serves } from './postmaster.ts';
import { startPostgres } from './start-postgres.ts';

/** The database of a data folder, for as long as somebody needs it. */
export interface OpenPostgres {
  /** Database `tocsin` as the role that owns it. */
  readonly url: string;
  /** Whether somebody ran it already. */
  readonly ran: boolean;
  /** Stops the server, unless it ran already. */
  close(): Promise<void>;
}

/** Whether a data folder has a database. */
export const hasDatabase = (dataDir: string): boolean => existsSync(clusterOf(dataDir));

/** The server that runs on the database of a data folder, whoever started it. */
export function runningOn(dataDir: string): Postmaster | undefined {
  const cluster = clusterOf(dataDir);
  const found = readPostmaster(cluster);
  return found && serves(found.pid, cluster) ? found : undefined;
}

/** The URL of a data folder's database for as long as somebody runs its server. Nothing is started. */
export function runningUrl(dataDir: string): string | undefined {
  const running = runningOn(dataDir);
  return running && urlOf(running, readPasswords(homeOf(dataDir)));
}

/**
 * Opens the database of a data folder while Tocsin runs on it, or starts its server for the time.
 * @throws Error when there is none, or when its owner is just starting or stopping it
 */
export async function openPostgres(folder: string): Promise<OpenPostgres> {
  const dataDir = resolve(folder);
  if (!hasDatabase(dataDir)) throw new Error(`There is no database in ${dataDir}.`);
  const home = homeOf(dataDir);
  // A server without an owner is about to be ended; starting takes it over.
  if (!isLocked(home, 'postgres.lock')) {
    const server = await startPostgres({ dataDir, durable: true });
    return { url: server.url, ran: false, close: () => server.stop() };
  }
  const running = runningOn(dataDir);
  const passwords = readPasswords(home);
  try {
    if (!running) throw new Error('There is no process yet.');
    await waitUntilReady(running, passwords.superuser);
  } catch (error) {
    throw new Error(`The database in ${home} is just starting or stopping. Try again in a moment.`, {
      cause: error,
    });
  }
  return { url: urlOf(running, passwords), ran: true, close: async () => {} };
}

const clusterOf = (dataDir: string): string => join(homeOf(dataDir), 'postgres');
