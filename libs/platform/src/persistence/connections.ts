import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Config } from '../config/index.ts';

/** Connections over a network that silently drops packets must be noticed within about a minute, at both ends. */
const keepalives = '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3';
/** The longest that a connection is being made or waited for; a Postgres that runs needs milliseconds. */
const connectMs = 5_000;

const open = new Set<Socket>();
let hungUp = false;

/** What every connection of a process to Postgres has in common; `name` is shown in `pg_stat_activity`. */
export function connectionOptions(databaseUrl: string | null, name: string) {
  if (databaseUrl === null) throw new Error('A database URL is needed here.');
  return {
    connectionString: databaseUrl,
    application_name: name,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    options: keepalives,
    stream: openSocket,
  };
}

/**
 * For a process that was told to stop: hangs up on a Postgres that says nothing any more, so that whoever waits
 * for it goes on. One that refuses connections needs no such help.
 */
export async function hangUpOnceSilent({ databaseUrl }: Config): Promise<void> {
  while (await answers(databaseUrl)) await delay(1_000, undefined, { ref: false });
  hungUp = true;
  for (const socket of open) socket.destroy(silence());
}

/** The end of a question that nobody answers, in the words of the network. */
export const silence = (): Error =>
  Object.assign(new Error('Postgres does not answer.'), { code: 'ETIMEDOUT' });

async function answers(databaseUrl: string | null): Promise<boolean> {
  const client = new pg.Client(connectionOptions(databaseUrl, 'tocsin end'));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    return (error as Error).message !== 'timeout expired';
  } finally {
    client.end().catch(() => undefined);
  }
}

function openSocket(): Socket {
  const socket = new Socket();
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  // Connecting begins in this turn; a socket that is destroyed before would only begin anew.
  if (hungUp) setImmediate(() => socket.destroy(silence()));
  return socket;
}
