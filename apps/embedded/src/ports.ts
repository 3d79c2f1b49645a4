import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '#platform/config';
import { errorCode } from '#platform/data-dir';

/** A port that is about to be listened on, and the variable that changes it. 0 stands for any free one. */
export interface WantedPort {
  readonly variable: string;
  readonly host: string;
  readonly port: number;
}

/** Ports that cannot be had, a line for each. */
export class PortsTaken extends Error {
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'PortsTaken';
  }
}

/** The ports that processes of this configuration listen on here; the worker's door and the inbox, where they have one. */
export function wantedPorts({ embedded, host, port, mailbox, smtpUrl, metricsPort }: Config): WantedPort[] {
  const always = [
    { variable: 'PORT', host, port },
    { variable: 'METRICS_PORT', host: metricsPort === null ? '127.0.0.1' : host, port: metricsPort ?? 0 },
  ];
  if (!embedded || smtpUrl !== null) return always;
  return [
    ...always,
    { variable: 'MAILBOX_PORT', host: '127.0.0.1', port: mailbox.port },
    { variable: 'MAILBOX_SMTP_PORT', host: '127.0.0.1', port: mailbox.smtpPort },
  ];
}

/**
 * The ports as variables, all of them free just now. Waits `patienceMs` for those that are not.
 * @throws PortsTaken with every port that stayed taken
 */
export async function freePorts(
  wanted: readonly WantedPort[],
  patienceMs = 0,
): Promise<Record<string, string>> {
  for (let waited = 0; ; waited += 250) {
    // All at once and before any is given back, so that two variables with the same port are found too.
    const attempts = await Promise.all(wanted.map(listen));
    await Promise.all(attempts.map((attempt) => attempt.close()));
    const lines = attempts.flatMap(({ problem }) => problem ?? []);
    if (lines.length === 0) {
      return Object.fromEntries(attempts.map(({ variable, port }) => [variable, String(port)]));
    }
    if (waited >= patienceMs) throw new PortsTaken(lines);
    await delay(250);
  }
}

interface Attempt {
  readonly variable: string;
  readonly port: number;
  readonly problem?: string;
  close(): Promise<unknown>;
}

/** Outside of the ports that systems lend to outgoing connections: one of those may sit on it at the next restart. */
const lastingPort = () => randomInt(20_000, 30_000);

async function listen(wanted: WantedPort): Promise<Attempt> {
  const { variable, host } = wanted;
  const port = wanted.port === 0 ? lastingPort() : wanted.port;
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    if (wanted.port === 0 && errorCode(error) === 'EADDRINUSE') return listen(wanted);
    return { variable, port, problem: describe(error, { variable, host, port }), close: async () => {} };
  }
  return { variable, port, close: async () => once(server.close(), 'close') };
}

function describe(error: unknown, { variable, host, port }: WantedPort): string {
  const code = errorCode(error);
  if (code === 'EADDRINUSE') {
    return `${variable}: port ${port} is taken by another program. Choose another: ${variable}=${port === 65_535 ? 8080 : port + 1} npm start`;
  }
  if (code === 'EACCES') {
    return `${variable}: port ${port} needs privileges that this user has not. Choose one from 1024 up.`;
  }
  return `${variable}: cannot listen on ${host}, port ${port}: ${String(error)}`;
}

/** An address that a listener on `host` can be reached at from here. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
