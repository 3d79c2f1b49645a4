import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from './free-ports.ts';
import { ServerProcess } from './server-process.ts';

/** A Redis of a test's own, empty, on a free port of loopback; what it held is gone when it is started again. */
export interface RedisServer {
  readonly url: string;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Keeps connections open and answers nothing, until `resume`. */
  hold(): void;
  resume(): void;
  /** Sends one command and returns the raw reply, e.g. `flushall`. */
  command(text: string): Promise<string>;
  /** Listens to the commands with this text in them that anybody sends, until it is stopped; returns what was heard. */
  monitor(text?: string): Promise<() => string>;
  /** Ends it and removes what it left. */
  close(): Promise<void>;
}

/** Starts Debian's `redis-server`. @throws Error naming the package when it is not installed */
export async function startRedis(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-redis-'));
  const [port = 0] = await freePorts(1);
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const command = (text: string) => ask(port, text);
  const listeners: Socket[] = [];
  const server = new ServerProcess('redis-server', [...options, '--dir', folder], {}, () => command('ping'));
  try {
    await server.start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('There is no redis-server here: install the Debian package redis-server.', {
      cause: error,
    });
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    start: () => server.start(),
    stop: (signal) => server.stop(signal),
    hold: () => server.hold(),
    resume: () => server.resume(),
    command,
    monitor: async (text = '') => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      listeners.push(socket);
      // It ends with the Redis that it listens to, however that ends.
      socket.on('error', () => undefined);
      const heard: string[] = [];
      createInterface(socket).on('line', (line) => line.includes(text) && heard.push(line));
      socket.write('monitor\r\n');
      return () => heard.join('\n');
    },
    close: async () => {
      for (const socket of listeners) socket.destroy();
      await server.stop('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

async function ask(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(`${text}\r\n`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    return reply.toString().trim();
  } finally {
    socket.destroy();
  }
}
