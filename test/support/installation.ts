import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { type PostgresServer, startPostgres } from '#platform/postgres-server';
import { freePorts } from './free-ports.ts';
import { type Mail, mailsOf } from './inbox.ts';

const built = (app: string, file = 'main') =>
  fileURLToPath(new URL(`../../dist/apps/${app}/src/${file}.js`, import.meta.url));

/** Processes of an installation one by one, for journeys that kill some of them. No supervisor restarts anything. */
export class Installation {
  output = '';
  private readonly children: ChildProcess[] = [];

  private constructor(
    private readonly dataDir: string,
    private readonly postgres: PostgresServer,
    private readonly variables: Record<string, string>,
    readonly url: string,
    private readonly inboxUrl: string,
  ) {}

  /** Postgres, the inbox and the api, ready; workers are started by {@link worker}. */
  static async start(variables: Record<string, string>): Promise<Installation> {
    const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-'));
    // Where the tests run as root, the account that runs Postgres has to get in.
    chmodSync(dataDir, 0o711);
    const postgres = await startPostgres({ dataDir, durable: false });
    const [api = 0, page = 0, smtp = 0] = await freePorts(3);
    const installation = new Installation(
      dataDir,
      postgres,
      {
        TOCSIN_PROFILE: 'embedded',
        TOCSIN_DATA_DIR: dataDir,
        DATABASE_URL: postgres.url,
        JWT_SECRET: 'a signing secret of this journey only',
        ENCRYPTION_KEY: 'an encryption key of this journey only',
        SMTP_URL: `smtp://127.0.0.1:${smtp}`,
        PORT: String(api),
        MAILBOX_PORT: String(page),
        MAILBOX_SMTP_PORT: String(smtp),
        DEMO: 'off',
        ...variables,
      },
      `http://127.0.0.1:${api}`,
      `http://127.0.0.1:${page}`,
    );
    const [migrated] = (await once(installation.spawn('api', {}, 'migrate'), 'close')) as [number];
    if (migrated !== 0) throw new Error(`The migration failed:\n${installation.output}`);
    installation.spawn('mailbox');
    installation.spawn('api');
    await installation.answers(`${installation.url}/health/ready`);
    await installation.answers(`${installation.inboxUrl}/api/messages`);
    return installation;
  }

  /** Starts a worker with these roles. */
  worker(...roles: string[]): ChildProcess {
    return this.spawn('worker', { WORKER_ROLES: roles.join(',') });
  }

  /** Ends a process at once, as a crash would, and waits until it is gone. */
  async kill(child: ChildProcess): Promise<void> {
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  }

  mails(): Promise<Mail[]> {
    return mailsOf(this.inboxUrl);
  }

  /** Stops everything; fails when a process did not end cleanly. */
  async stop(): Promise<void> {
    const running = this.children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    await Promise.all(
      running.map(async (child) => {
        const gone = once(child, 'close');
        child.kill('SIGTERM');
        await gone;
      }),
    );
    await this.postgres.stop();
    rmSync(this.dataDir, { recursive: true });
    const unclean = running.filter(({ exitCode }) => exitCode !== 0);
    if (unclean.length > 0)
      throw new Error(`${unclean.length} processes did not end cleanly:\n${this.output}`);
  }

  private spawn(app: string, variables: Record<string, string> = {}, file = 'main'): ChildProcess {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [built(app, file)], {
      env: { PATH, HOME, ...this.variables, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    }
    this.children.push(child);
    return child;
  }

  private answers(url: string): Promise<void> {
    return vi.waitFor(
      async () => {
        const response = await fetch(url).catch(() => undefined);
        if (!response?.ok) throw new Error(`${url} does not answer:\n${this.output}`);
      },
      { timeout: 30_000, interval: 50 },
    );
  }
}
