import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type FolderLock, isAlive, lockFolder } from '../data-dir/index.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { ensureDatabase, urlOf, waitUntilReady } from './database.ts';
import { guardOrphan } from './guard-orphan.ts';
import { lastWords } from './last-words.ts';
import { launch, type Launched } from './launch.ts';
import { findPlace, type Place } from './place.ts';
import { type Postmaster, readPostmaster, serves, stopPostmaster } from './postmaster.ts';

export interface PostgresOptions {
  /** The folder whose database it is; made when absent. */
  readonly dataDir: string;
  /** TCP port on 127.0.0.1; a free one when absent or 0. */
  readonly port?: number;
  /** False for databases that are thrown away: faster, and lost with the machine. */
  readonly durable: boolean;
}

export interface PostgresServer {
  /** Database `tocsin` as the role that owns it, who may create databases but is no superuser. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, asked or not, with how and with its last words, as far as they are known. */
  readonly exited: Promise<{ readonly how: string; readonly words: string | undefined }>;
  /** Resolves when the server and everything that watched it are gone. */
  stop(): Promise<void>;
}

/**
 * Starts the Postgres of a data folder, making its cluster and database the first time. A server that an
 * earlier owner left running, because it was killed, is taken over.
 * @throws Error with the server's last words, or naming the process that uses the folder already
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const place = findPlace(resolve(options.dataDir));
  const lock = lockFolder(place.home, 'postgres.lock');
  try {
    const binaries = findBinaries(place.account);
    const passwords = await ensureCluster(place, binaries, options.durable);
    const left = await takeOver(place.cluster, options.port, passwords.superuser);
    const postmaster = left ?? (await launch(place, binaries, options, passwords.superuser));
    try {
      await ensureDatabase(postmaster.port, passwords);
    } catch (error) {
      await stopPostmaster(postmaster.pid);
      throw error;
    }
    return owned(postmaster, urlOf(postmaster, passwords), place, lock, options.durable);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The server that runs on this cluster already, if it answers and has the port asked for; otherwise none runs after this. */
async function takeOver(cluster: string, port = 0, password: string): Promise<Postmaster | undefined> {
  const found = readPostmaster(cluster);
  if (!found) return undefined;
  if (serves(found.pid, cluster)) {
    try {
      if (port !== 0 && port !== found.port) throw new Error('It listens on another port.');
      await waitUntilReady(found, password);
      return found;
    } catch {
      await stopPostmaster(found.pid);
    }
  }
  // Postgres goes by the id alone, which another program may have by now, or what is left of a server that was killed
  // until its parent looks. Whether somebody still uses the data it asks in another way too.
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
  return undefined;
}

function owned(
  { pid, port, howItEnded }: Postmaster & Partial<Launched>,
  url: string,
  { home, cluster }: Place,
  lock: FolderLock,
  durable: boolean,
): PostgresServer {
  const dismissGuard = guardOrphan(pid, cluster, lock, durable ? 25 : 1);
  let poll: NodeJS.Timeout;
  const exited = new Promise<Awaited<PostgresServer['exited']>>((settle) => {
    // Polled, because a server that was taken over is not our child.
    poll = setInterval(() => {
      if (isAlive(pid)) return;
      const how = howItEnded ? howItEnded() : 'nobody knows how';
      // It can be seen that our child is gone a moment before Node says how.
      if (how === undefined) return;
      clearInterval(poll);
      dismissGuard();
      lock.release();
      settle({ how, words: lastWords(home) });
    }, 100).unref();
  });
  return {
    url,
    port,
    pid,
    exited,
    stop: async () => {
      await stopPostmaster(pid);
      poll.ref();
      await exited;
    },
  };
}
