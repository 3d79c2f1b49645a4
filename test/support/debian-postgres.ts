import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { unprivilegedAccount } from '../../libs/platform/src/postgres-server/account.ts';
import { freePorts } from './free-ports.ts';
import { ServerProcess } from './server-process.ts';

const packages = '/usr/lib/postgresql';

/** A Postgres of a test's own from Debian's packages, on a free port of loopback. */
export interface DebianPostgres {
  /** As a superuser. */
  readonly url: string;
  /** Of the server, e.g. `15`. */
  readonly major: string;
  start(): Promise<void>;
  /** `SIGINT` (the default) is the fast shutdown, `SIGKILL` a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Keeps connections open and answers nothing, until `resume`. */
  hold(): void;
  resume(): void;
  /** Ends it and removes its cluster. */
  close(): Promise<void>;
}

/**
 * Makes a cluster and starts it, with these settings of Postgres besides our own.
 * @throws Error naming the package when none is installed
 */
export async function startDebianPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<DebianPostgres> {
  const major = newestInstalled();
  const binaries = join(packages, major, 'bin');
  const cluster = mkdtempSync(join(tmpdir(), 'tocsin-postgres-'));
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : undefined;
  if (account) chownSync(cluster, account.uid, account.gid);
  chmodSync(cluster, 0o700);
  const as = account ? { uid: account.uid, gid: account.gid } : {};
  const parameters = [
    '--auth=trust',
    '--username=postgres',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ];
  execFileSync(join(binaries, 'initdb'), [`--pgdata=${cluster}`, ...parameters], {
    ...as,
    cwd: '/',
    stdio: 'pipe',
  });
  const [port = 0] = await freePorts(1);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  // Commits are kept over a crash of the server, not over one of the machine: enough for tests, and fast.
  const options = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: 300,
    ...settings,
  };
  const server = new ServerProcess(
    join(binaries, 'postgres'),
    ['-D', cluster, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...as, cwd: '/' },
    () => answers(url),
  );
  await server.start();
  return {
    url,
    major,
    start: () => startOnceAlone(server),
    stop: (signal = 'SIGINT') => server.stop(signal),
    hold: () => server.hold(),
    resume: () => server.resume(),
    close: async () => {
      await server.stop('SIGQUIT');
      rmSync(cluster, { recursive: true });
    },
  };
}

/** The backends of a server that was killed end by themselves, within moments, and only then can another start. */
async function startOnceAlone(server: ServerProcess): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await server.start();
      return;
    } catch (error) {
      if (attempt === 50 || !/is still in use|lock file/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function newestInstalled(): string {
  const majors = existsSync(packages) ? readdirSync(packages).filter((name) => /^\d+$/.test(name)) : [];
  const [newest] = majors.sort((a, b) => Number(b) - Number(a));
  if (newest) return newest;
  throw new Error('There is no Postgres of Debian here: install the Debian package postgresql.');
}

async function answers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}
