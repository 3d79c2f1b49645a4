import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '#platform/config';
import { Database } from './database.ts';
import { reachable } from './ports.ts';
import { type Print, type Program, runOnce } from './program.ts';
import { Service } from './service.ts';
import type { KeptSettings } from './settings.ts';

/** A start that succeeded. */
export interface Started {
  /** How long its parts took. */
  readonly parts: readonly (readonly [part: string, seconds: string])[];
  /** What the programs have to say to whoever started them. */
  readonly announcements: readonly string[];
}

/** Starts what the embedded profile consists of, keeps it running, and ends all of it. */
export class Supervisor {
  private readonly stopped = new AbortController();
  private readonly database: Database | undefined;
  private readonly services: Service[] = [];
  private inbox: Service | undefined;
  private starting: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly config: Config,
    private readonly kept: KeptSettings,
    private readonly print: Print,
  ) {
    if (config.databaseUrl === null) this.database = new Database(config.dataDir, print);
  }

  /** Resolves when the api and the inbox answer and the worker has said that it is ready. */
  async start(): Promise<Started> {
    const starting = this.startParts();
    this.starting = starting;
    return starting;
  }

  /** Ends everything, those who need the database before it. Nothing of it runs once this has resolved. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.starting.catch(() => {});
    await Promise.all(this.services.map((service) => service.stop()));
    await this.inbox?.stop();
    await this.database?.stop();
  }

  /** Spares those who are still finishing what they have begun. */
  hurry(): void {
    for (const service of [...this.services, this.inbox]) service?.kill();
  }

  private async startParts(): Promise<Started> {
    const parts: [string, string][] = [];
    const timed = async <T>(part: string, work: () => Promise<T>): Promise<T> => {
      this.stopped.signal.throwIfAborted();
      const began = performance.now();
      const result = await work();
      parts.push([part, `${((performance.now() - began) / 1000).toFixed(1)} s`]);
      return result;
    };

    const { database } = this;
    const databaseUrl = database && (await timed('postgres', () => database.start()));
    const base = environmentOf(this.config);
    const environment = {
      ...base,
      ...this.kept.secrets,
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    };
    const migrate: Program = { name: 'migrate', file: '../../api/src/migrate.js', environment };
    await timed('migrations', () => runOnce(migrate, this.print, this.stopped.signal));
    await timed('api and worker', async () => {
      if (this.config.smtpUrl === null) this.inbox = this.serve('mailbox', base);
      const door = { HOST: workerHost(this.config) };
      const metrics = `http://${reachable(door.HOST)}:${this.config.metricsPort}/metrics`;
      this.services.push(
        this.serve('api', { ...environment, WORKER_METRICS_URL: metrics }),
        this.serve('worker', { ...environment, ...door }),
      );
      const ready = Promise.all(this.services.map((service) => service.ready));
      await Promise.race([ready, aborted(this.stopped.signal)]);
      await this.answers(`http://${reachable(this.config.host)}:${this.config.port}/health/ready`);
      if (this.inbox) await this.answers(`http://127.0.0.1:${this.config.mailbox.port}/`);
    });
    return { parts, announcements: this.services.flatMap(({ announcements }) => announcements) };
  }

  private serve(name: string, environment: NodeJS.ProcessEnv): Service {
    const service = new Service({ name, file: `../../${name}/src/main.js`, environment }, this.print);
    service.start();
    return service;
  }

  private async answers(url: string): Promise<void> {
    const { signal } = this.stopped;
    for (;;) {
      const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) }).catch(
        () => undefined,
      );
      await answer?.body?.cancel();
      if (answer?.status === 200) return;
      await delay(100, undefined, { signal });
    }
  }
}

/** Rejects when the signal fires. */
async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

/** What every process is given: the variables of this one, with everything that was left open decided. */
function environmentOf(config: Config): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TOCSIN_PROFILE: 'embedded',
    TOCSIN_DATA_DIR: config.dataDir,
    PORT: String(config.port),
    METRICS_PORT: String(config.metricsPort),
    HOST: config.host,
    MAILBOX_PORT: String(config.mailbox.port),
    MAILBOX_SMTP_PORT: String(config.mailbox.smtpPort),
    MAIL_FROM: config.mailFrom,
    // Their output is read here first, whatever it ends on.
    NO_COLOR: '1',
    // Decided here, because the inbox's SMTP_URL would look to the others like a real one.
    DEMO: config.demo ? 'on' : 'off',
    ...(config.smtpUrl === null && { SMTP_URL: `smtp://127.0.0.1:${config.mailbox.smtpPort}` }),
  };
}

/** Where the worker's door is: for the api only, unless somebody chose a port for it. */
function workerHost(config: Config): string {
  return process.env['METRICS_PORT']?.trim() ? config.host : '127.0.0.1';
}
