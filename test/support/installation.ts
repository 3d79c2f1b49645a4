import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { DebianPostgres } from './debian-postgres.ts';
import { freePorts } from './free-ports.ts';
import { type Mail, mailsOf } from './inbox.ts';
import { type Ground, prepareGround } from './ground.ts';
import type { RedisServer } from './redis-server.ts';
import { assertTellsNoSecret } from './told-secrets.ts';
import { type JobsTellNoSecret, watchJobsOnPostgres, watchJobsOnRedis } from './watch-jobs.ts';

const built = (app: string, file = 'main') =>
  fileURLToPath(new URL(`../../dist/apps/${app}/src/${file}.js`, import.meta.url));

const isRunning = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** Processes of an installation one by one, for journeys that kill some of them. No supervisor restarts anything. */
export class Installation {
  output = '';
  /** Of each api process. */
  readonly urls: string[] = [];
  private readonly children: ChildProcess[] = [];
  private jobsTellNoSecret: JobsTellNoSecret = () => Promise.resolve();

  private constructor(
    private readonly dataDir: string,
    private readonly ground: Ground,
    private readonly variables: Record<string, string>,
    readonly inboxUrl: string,
  ) {}

  /**
   * A migrated database, the inbox and the api, ready; workers are started by {@link worker}. On servers there are
   * two apis.
   */
  static async start(
    variables: Record<string, string>,
    { ownPostgres = false }: { readonly ownPostgres?: boolean } = {},
  ): Promise<Installation> {
    const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-'));
    // Where the tests run as root, the account that runs Postgres has to get in.
    chmodSync(dataDir, 0o711);
    const ground = await prepareGround(dataDir, ownPostgres);
    const [page = 0, smtp = 0, ...apis] = await freePorts(ground.redis ? 4 : 3);
    const installation = new Installation(
      dataDir,
      ground,
      {
        ...ground.variables,
        TOCSIN_DATA_DIR: dataDir,
        JWT_SECRET: 'a signing secret of this journey only',
        ENCRYPTION_KEY: 'an encryption key of this journey only',
        SMTP_URL: `smtp://127.0.0.1:${smtp}`,
        MAILBOX_PORT: String(page),
        MAILBOX_SMTP_PORT: String(smtp),
        DEMO: 'off',
        ...variables,
      },
      `http://127.0.0.1:${page}`,
    );
    const migrated = await installation.run('migrate');
    if (migrated.exitCode !== 0) throw new Error(`The migration failed:\n${migrated.said}`);
    installation.jobsTellNoSecret = await (ground.redis
      ? watchJobsOnRedis(ground.redis)
      : watchJobsOnPostgres(ground.variables['DATABASE_URL'] ?? ''));
    installation.spawn('mailbox');
    for (const port of apis) {
      installation.spawn('api', { PORT: String(port) });
      installation.urls.push(`http://127.0.0.1:${port}`);
    }
    for (const url of installation.urls) await installation.answers(`${url}/health/ready`);
    await installation.answers(`${installation.inboxUrl}/api/messages`);
    return installation;
  }

  /** Where its processes find their servers, for whoever stands in between. */
  get servers(): Readonly<Record<string, string>> {
    return this.ground.variables;
  }

  /** The Redis that all processes use; only in the suite on servers. */
  get redis(): RedisServer {
    if (!this.ground.redis) throw new Error('There is no Redis in the embedded profile.');
    return this.ground.redis;
  }

  /** The Postgres that all processes use, where it is theirs alone. */
  get postgres(): DebianPostgres {
    if (!this.ground.postgres) throw new Error('This Postgres is shared: start with `ownPostgres`.');
    return this.ground.postgres;
  }

  /** Ids of the processes that run. */
  get running(): number[] {
    return this.children.filter(isRunning).map(({ pid = 0 }) => pid);
  }

  /** Makes an administrator, as `npm run admin:create` does, and returns the password that it prints. */
  async createAdmin(email: string): Promise<string> {
    const { exitCode, said } = await this.run('create-admin', email);
    const password = /Password, shown only here: (\S+)/.exec(said)?.[1];
    if (exitCode !== 0 || password === undefined) throw new Error(`There is no administrator:\n${said}`);
    return password;
  }

  /** Starts a worker, with these roles or else with all. */
  worker(...roles: string[]): ChildProcess {
    return this.spawn('worker', roles.length > 0 ? { WORKER_ROLES: roles.join(',') } : {});
  }

  /** Starts a process with variables of its own. */
  process(app: 'api' | 'worker', variables: Record<string, string>): ChildProcess {
    return this.spawn(app, variables);
  }

  /** Ends a process at once, as a crash would, and waits until it is gone. */
  async kill(child: ChildProcess): Promise<void> {
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  }

  /** What the inbox has, newest first; only to one address when it is given. */
  mails(to?: string): Promise<Mail[]> {
    return mailsOf(this.inboxUrl, to);
  }

  /** Stops everything; fails when a process did not end cleanly, or when it or a job told a secret. */
  async stop(): Promise<void> {
    const running = this.children.filter(isRunning);
    await Promise.all(
      running.map(async (child) => {
        const gone = once(child, 'close');
        child.kill('SIGTERM');
        // What hangs is unclean too, and its output is worth more than a test that timed out.
        const patience = setTimeout(() => child.kill('SIGKILL'), 60_000);
        await gone;
        clearTimeout(patience);
      }),
    );
    const jobs = await this.jobsTellNoSecret().catch((error: unknown) => error);
    await this.ground.close();
    rmSync(this.dataDir, { recursive: true });
    const unclean = running.filter(({ exitCode }) => exitCode !== 0);
    if (unclean.length > 0)
      throw new Error(`${unclean.length} processes did not end cleanly:\n${this.output}`);
    if (jobs instanceof Error) throw jobs;
    assertTellsNoSecret(this.output);
  }

  /** Runs one of the programs of the api that end by themselves. */
  private async run(
    file: string,
    ...parameters: string[]
  ): Promise<{ readonly exitCode: number | null; readonly said: string }> {
    // What it prints is for whoever ran it.
    const child = this.spawn('api', {}, file, parameters, false);
    let said = '';
    child.stdout?.on('data', (data: Buffer) => (said += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    await once(child, 'close');
    return { exitCode: child.exitCode, said };
  }

  private spawn(
    app: string,
    variables: Record<string, string> = {},
    file = 'main',
    parameters: readonly string[] = [],
    logged = true,
  ): ChildProcess {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [built(app, file), ...parameters], {
      env: { PATH, HOME, ...this.variables, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of logged ? [child.stdout, child.stderr] : []) {
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
