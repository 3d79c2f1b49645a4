import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serverEnvironment } from './cluster.ts';
import { waitUntilReady } from './database.ts';
import { linePrefix } from './last-words.ts';
import type { Place } from './place.ts';
import type { Postmaster } from './postmaster.ts';

const alwaysOn = {
  listen_addresses: '127.0.0.1',
  // Sockets have a length limit that a deep checkout exceeds; everybody uses TCP.
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: linePrefix,
};
const durably = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
const carelessly = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** A server that is a child of this process. */
export interface Launched extends Postmaster {
  /** The signal or the exit code; undefined while it runs. */
  readonly howItEnded: () => string | undefined;
}

/** Starts a server and waits until it answers. @throws Error with the last lines of its log */
export async function launch(
  place: Place,
  binaries: string,
  options: { readonly port?: number; readonly durable: boolean },
  password: string,
): Promise<Launched> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await freePort());
    const result = await tryToLaunch(place, binaries, port, options.durable, password);
    if (typeof result !== 'string') return result;
    const portTaken = result.includes('could not create any TCP/IP sockets');
    // The backends of a server that was killed see it within moments, and only then can another start.
    const stillUsed = result.includes('is still in use');
    if (attempt >= 20 || !(stillUsed || (portTaken && !options.port))) {
      throw new Error(`Postgres did not start on port ${port}:\n${result}`);
    }
    if (stillUsed) await delay(500);
  }
}

/** The running server, or the last lines that it logged. */
async function tryToLaunch(
  { home, cluster, account }: Place,
  binaries: string,
  port: number,
  durable: boolean,
  password: string,
): Promise<Launched | string> {
  const settings = { ...alwaysOn, ...(durable ? durably : carelessly) };
  const log = join(home, 'postgres.log');
  if (existsSync(log) && statSync(log).size > 5_000_000) renameSync(log, `${log}.old`);
  const output = openSync(log, 'a', 0o600);
  const before = statSync(log).size;
  const server = spawn(
    join(binaries, 'postgres'),
    [
      '-D',
      cluster,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    {
      cwd: home,
      env: serverEnvironment,
      // A session of its own: Ctrl-C must not reach the server before those who still write to it.
      detached: true,
      windowsHide: true,
      // A file and not a pipe, which would break when the supervisor is killed and the server taken over.
      stdio: ['ignore', output, output],
      ...(account && { uid: account.uid, gid: account.gid }),
    },
  );
  closeSync(output);
  try {
    await once(server, 'spawn');
    server.unref();
    const postmaster = { pid: server.pid ?? 0, port, howItEnded: () => signalOrCode(server) };
    const ended = once(server, 'exit').then(() => Promise.reject(new Error('It ended.')));
    // Whoever holds the port may keep us waiting for longer than the server took to give up.
    await Promise.race([waitUntilReady(postmaster, password), ended]);
    return postmaster;
  } catch (error) {
    server.kill('SIGKILL');
    const said = readFileSync(log).subarray(before).toString().trim().split('\n').slice(-15).join('\n');
    return said || String(error);
  }
}

function signalOrCode({ signalCode, exitCode }: ChildProcess): string | undefined {
  return signalCode ?? (exitCode === null ? undefined : `exit code ${exitCode}`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
