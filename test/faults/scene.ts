import type { ChildProcess } from 'node:child_process';
import pg from 'pg';
import { vi } from 'vitest';
import type { DeliveryState } from '#libs/delivery/contracts';
import {
  createNotification,
  deleteNotification,
  sendNotification,
  type DeleteNotificationResponses,
} from '../support/client/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { Installation } from '../support/installation.ts';
import { type Person, returning } from '../support/person.ts';
import { StoppingMailServer } from '../support/stopping-mail-server.ts';
import { StoppingProxy } from '../support/stopping-proxy.ts';

/** A delivery as the database has it. */
export interface Row {
  readonly id: string;
  readonly status: DeliveryState;
  readonly tainted: boolean;
  /** Who holds it. */
  readonly workerId: number | null;
  readonly attempts: readonly {
    readonly claimedAt: number;
    readonly workerId: number;
    readonly outcome: string | null;
  }[];
}

/** What a deletion answered: its outcome, or the code of a refusal. */
export type DeletionAnswer = DeleteNotificationResponses[200]['outcome'] | 'pending' | (string & {});

const operatorAddress = 'operator@example.org';
const patient = { timeout: 150_000, interval: 25 };

/** An installation without workers of its own, whose processes reach Postgres and Redis by way of proxies. */
export class Scene {
  /** Every address that was written to. */
  readonly addresses: string[] = [];

  private constructor(
    readonly installation: Installation,
    readonly postgres: StoppingProxy,
    /** Null where the queue is on Postgres. */
    readonly redis: StoppingProxy | null,
    readonly mail: StoppingMailServer,
    private readonly password: string,
    private readonly operator: Person,
    private readonly database: pg.Client,
  ) {}

  static async start(): Promise<Scene> {
    const mail = await StoppingMailServer.start();
    const installation = await Installation.start({
      MARKET_FEEDS: 'none',
      RATE_LIMIT: 'off',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      SMTP_URL: mail.url,
    });
    const { DATABASE_URL: databaseUrl = '', REDIS_URL: redisUrl } = installation.servers;
    const postgres = await StoppingProxy.beforePostgres(databaseUrl);
    const redis = redisUrl === undefined ? null : await StoppingProxy.beforeRedis(redisUrl);
    const password = await installation.createAdmin(operatorAddress);
    const operator = await returning(installation.urls, operatorAddress, password);
    const database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    return new Scene(installation, postgres, redis, mail, password, operator, database);
  }

  async stop(): Promise<void> {
    await this.database.end();
    await this.installation.stop();
    await Promise.all([this.postgres.close(), this.redis?.close(), this.mail.close()]);
  }

  /** A worker that a stop may catch. */
  worker(roles = 'market,relay,delivery,schedule'): ChildProcess {
    return this.installation.process('worker', { ...this.byProxy, WORKER_ROLES: roles });
  }

  /** An api that a stop may catch, and somebody who asks it. */
  async api(): Promise<{ readonly process: ChildProcess; readonly operator: Person }> {
    const [port = 0] = await freePorts(1);
    const process = this.installation.process('api', { ...this.byProxy, PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    await vi.waitFor(async () => fetch(`${url}/health/ready`), patient);
    return { process, operator: await returning([url], operatorAddress, this.password) };
  }

  /** Has a mail sent to so many addresses of its own; returns the first of them. */
  async send(count = 1): Promise<{ readonly id: string; readonly to: string }> {
    const first = this.addresses.length;
    const to = Array.from({ length: count }, (_, index) => `person${first + index}@example.org`);
    this.addresses.push(...to);
    const recipients = to.map((address) => ({ channel: 'email' as const, to: address }));
    const body = { subject: 'Bitcoin today', message: 'It crossed.', recipients };
    const { data } = await createNotification({ ...this.operator, body, throwOnError: true });
    await sendNotification({ ...this.operator, path: { id: data.id }, body: {}, throwOnError: true });
    return { id: data.id, to: to[0] ?? '' };
  }

  async delete(id: string, by = this.operator): Promise<DeletionAnswer> {
    const { data, error } = await deleteNotification({ ...by, path: { id }, throwOnError: false });
    return data?.outcome ?? (error as { code?: string } | undefined)?.code ?? 'no answer';
  }

  /** The deliveries of a notification. */
  async rows(notificationId: string): Promise<Row[]> {
    const { rows } = await this.database.query<Row>(
      `select id, status, tainted, worker_id as "workerId", array(
         select json_build_object(
           'claimedAt', extract(epoch from claimed_at) * 1000, 'workerId', worker_id, 'outcome', outcome)
         from delivery.attempts where delivery_id = deliveries.id order by number) as attempts
       from delivery.deliveries where notification_id = $1`,
      [notificationId],
    );
    return rows;
  }

  /** How many deliveries there are of each kind. */
  async counts(): Promise<
    { readonly status: DeliveryState; readonly tainted: boolean; readonly count: number }[]
  > {
    const { rows } = await this.database.query(
      `select status, tainted, count(*)::integer as count from delivery.deliveries group by status, tainted order by 1`,
    );
    return rows as Awaited<ReturnType<Scene['counts']>>;
  }

  /** Resolves once a question is answered, or as good as certainly waits for a lock that somebody holds. */
  async answeredOrWaiting(question: Promise<unknown> = Promise.resolve()): Promise<void> {
    let answered = false;
    void question.finally(() => (answered = true));
    await vi.waitFor(async () => {
      const { rowCount } = await this.database.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (!answered && rowCount === 0) throw new Error('It neither waits nor is answered.');
    }, patient);
  }

  /** For how many seconds the most silent of the workers has said nothing on its session. */
  async silence(): Promise<number> {
    const { rows } = await this.database.query<{ seconds: number }>(
      `select max(extract(epoch from clock_timestamp() - state_change))::float as seconds
       from pg_stat_activity where datname = current_database() and application_name = 'tocsin delivery lock'`,
    );
    return rows[0]?.seconds ?? 0;
  }

  /** The time of the database in milliseconds. */
  async now(): Promise<number> {
    const { rows } = await this.database.query<{ now: number }>(
      `select (extract(epoch from clock_timestamp()) * 1000)::float as now`,
    );
    return rows[0]?.now ?? Number.NaN;
  }

  private get byProxy(): Record<string, string> {
    return { DATABASE_URL: this.postgres.url, ...(this.redis && { REDIS_URL: this.redis.url }) };
  }
}
