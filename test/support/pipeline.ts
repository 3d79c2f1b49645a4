import { getQueueToken } from '@nestjs/bullmq';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { newId } from '#kernel';
import { DeliveryModule, deliveryPersistence } from '#libs/delivery';
import { type DeliveryCounts, FindSourceState } from '#libs/delivery/contracts';
import type { Config } from '#platform/config';
import { platformModules } from '#platform/lifecycle';
import { Outbox } from '#platform/messaging';
import { Metrics } from '#platform/metrics';
import { Database } from '#platform/persistence';
import { queuesModule } from '#platform/queues';
import { deliveriesQueue } from '../../libs/delivery/src/jobs/deliveries-queue.ts';
import type { TestDatabase } from './database.ts';
import { parseExposition, type ScrapedFamily } from './exposition.ts';
import { MailServer } from './mail-server.ts';
import { migratedDatabase } from './migrated-database.ts';
import { requested } from './requested.ts';
import { type JobsTellNoSecret, watchJobsOnPostgres } from './watch-jobs.ts';

/** The delivery context from a request to a mail server, with a database and a mail server of its own. */
export class Pipeline {
  private readonly apps = new Set<INestApplicationContext>();

  private constructor(
    readonly postgres: TestDatabase,
    private readonly config: Config,
    /** Takes the mail unless SMTP_URL names another one. */
    readonly mail: MailServer,
    private readonly jobsTellNoSecret: JobsTellNoSecret,
  ) {}

  static async start(variables: NodeJS.ProcessEnv = {}): Promise<Pipeline> {
    const mail = await MailServer.start();
    const { config, ...postgres } = await migratedDatabase([deliveryPersistence], {
      SMTP_URL: mail.url,
      ...variables,
    });
    return new Pipeline(postgres, config, mail, await watchJobsOnPostgres(postgres.url));
  }

  /** What runs in one process. */
  async run(...modules: Type[]): Promise<INestApplicationContext> {
    const module = await Test.createTestingModule({
      imports: [
        ...platformModules(this.config, 'test', [deliveryPersistence]),
        queuesModule(this.config),
        DeliveryModule,
        ...modules,
      ],
    }).compile();
    this.apps.add(module);
    return module.init();
  }

  /** Ends what {@link run} started, as SIGTERM does. */
  async end(app: INestApplicationContext): Promise<void> {
    this.apps.delete(app);
    await app.close();
  }

  /** Requests a notification with so many deliveries and returns its id; without alerts it is bulk. */
  async request(
    app: INestApplicationContext,
    count: number,
    alertIds: readonly string[] = [],
  ): Promise<string> {
    const notificationId = newId();
    const event = requested(notificationId, count, alertIds);
    await app.get(Database).transaction(() => app.get(Outbox).append([event]));
    return notificationId;
  }

  /** How many deliveries of a notification are in which state. */
  async counts(app: INestApplicationContext, id: string): Promise<DeliveryCounts> {
    return (await app.get(QueryBus).execute(new FindSourceState({ type: 'notification', id }))).counts;
  }

  /** The metrics of a process as they are scraped. */
  async scrape(app: INestApplicationContext): Promise<Map<string, ScrapedFamily>> {
    return parseExposition(await app.get(Metrics).text());
  }

  queue(app: INestApplicationContext): Queue {
    return app.get<Queue>(getQueueToken(deliveriesQueue), { strict: false });
  }

  /** Fails when a job told a secret. */
  async close(): Promise<void> {
    await Promise.all([...this.apps].map((app) => app.close()));
    await this.mail.close();
    try {
      await this.jobsTellNoSecret();
    } finally {
      await this.postgres.drop();
    }
  }
}
