import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { getQueueToken } from '@nestjs/bullmq';
import type { INestApplicationContext } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { DeliveriesRequested } from '#libs/notifications/contracts';
import { type Config, loadConfig } from '#platform/config';
import { platformModules } from '#platform/lifecycle';
import { Outbox, RelayModule } from '#platform/messaging';
import { Database, migrate } from '#platform/persistence';
import { queuesModule } from '#platform/queues';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { FindSourceState } from '../contracts/index.ts';
import {
  DeliveryEnqueueModule,
  DeliveryModule,
  deliveryPersistence,
  DeliverySweepModule,
  DeliveryWorkerModule,
} from '../index.ts';
import { deliveriesQueue } from './deliveries-queue.ts';
import { EnqueueDeliveries } from './enqueue-deliveries.ts';

describe('the whole way from a request to a mail server', () => {
  const recipients: string[] = [];
  /** Called before a mail is accepted. */
  let beforeAccepting: () => Promise<void>;
  let smtp: SMTPServer;
  let postgres: TestDatabase;
  let config: Config;
  let apps: INestApplicationContext[];

  beforeEach(async () => {
    recipients.length = 0;
    beforeAccepting = () => Promise.resolve();
    smtp = new SMTPServer({
      authOptional: true,
      hideSTARTTLS: true,
      onData(stream, session, done) {
        stream.resume().on('end', () => {
          void beforeAccepting().then(() => {
            recipients.push(...session.envelope.rcptTo.map(({ address }) => address));
            done();
          });
        });
      },
    });
    const listening = smtp.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    postgres = await createDatabase(inject('postgresUrl'));
    config = loadConfig({
      DATABASE_URL: postgres.url,
      TOCSIN_PROFILE: 'embedded',
      LOG_LEVEL: 'silent',
      SMTP_URL: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    });
    await migrate(config, [deliveryPersistence]);
    apps = [];
  });

  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await new Promise<void>((resolve) => smtp.close(resolve));
    await postgres.drop();
  });

  async function start(...modules: object[]): Promise<INestApplicationContext> {
    const module = await Test.createTestingModule({
      imports: [
        ...platformModules(config, 'test', [deliveryPersistence]),
        queuesModule(config),
        DeliveryModule,
        ...(modules as (typeof RelayModule)[]),
      ],
    }).compile();
    module.useLogger(false);
    apps.push(module);
    return module.init();
  }

  async function request(app: INestApplicationContext, count: number): Promise<string> {
    const notificationId = newId();
    const event = new DeliveriesRequested({
      deliveries: [
        {
          notificationId,
          alertIds: [],
          subject: 'BTC-USD reached 33000',
          text: 'It crossed.',
          html: '<p>It crossed.</p>',
          recipients: Array.from({ length: count }, (_, index) => ({
            channel: 'email' as const,
            to: `person${index}@example.org`,
          })),
        },
      ],
    });
    await app.get(Database).transaction(() => app.get(Outbox).append([event]));
    return notificationId;
  }

  const counts = async (app: INestApplicationContext, id: string) =>
    (await app.get(QueryBus).execute(new FindSourceState({ type: 'notification', id }))).counts;

  it('mails everybody once, with two workers at it', async () => {
    const app = await start(RelayModule, DeliveryEnqueueModule, DeliveryWorkerModule, DeliverySweepModule);
    await start(DeliveryWorkerModule);
    const id = await request(app, 60);
    await expect.poll(() => counts(app, id), { timeout: 15_000 }).toMatchObject({ sent: 60, pending: 0 });
    expect(recipients.toSorted()).toEqual([...new Set(recipients)].toSorted());
    expect(recipients).toHaveLength(60);
  });

  it('puts nothing on the queue while sending is held, and goes on once it is released', async () => {
    const app = await start(RelayModule, DeliveryEnqueueModule, DeliveryWorkerModule);
    await app.get(Database).sql`insert into delivery.hold (reason) values ('a test')`;
    const id = await request(app, 3);
    await expect.poll(() => counts(app, id), { timeout: 15_000 }).toMatchObject({ pending: 3 });
    expect(await app.get(EnqueueDeliveries, { strict: false }).enqueueDue()).toBe(0);
    expect(await app.get<Queue>(getQueueToken(deliveriesQueue), { strict: false }).count()).toBe(0);
    await app.get(Database).sql`delete from delivery.hold`;
    await expect.poll(() => counts(app, id), { timeout: 15_000 }).toMatchObject({ sent: 3 });
  });

  it('brings a lost job back', async () => {
    const relay = await start(RelayModule, DeliveryEnqueueModule);
    const id = await request(relay, 1);
    const queue = relay.get<Queue>(getQueueToken(deliveriesQueue), { strict: false });
    await expect.poll(() => queue.count()).toBe(1);
    await queue.obliterate({ force: true });
    await relay.get(Database).sql`
      update delivery.deliveries set enqueued_at = enqueued_at - interval '61 seconds'`;
    await start(DeliveryWorkerModule);
    await expect.poll(() => counts(relay, id), { timeout: 15_000 }).toMatchObject({ sent: 1 });
  });

  it('goes on after Postgres dropped every connection in the middle of a hand-over', async () => {
    const app = await start(RelayModule, DeliveryEnqueueModule, DeliveryWorkerModule, DeliverySweepModule);
    const admin = new pg.Client({ connectionString: inject('postgresUrl') });
    await admin.connect();
    const database = new URL(postgres.url).pathname.slice(1);
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`;
    beforeAccepting = async () => {
      beforeAccepting = () => Promise.resolve();
      await admin.query(cut);
    };
    const first = await request(app, 1);
    await expect.poll(async () => (await seen(first)).sent, { timeout: 20_000 }).toBe(1);
    const second = await request(app, 1);
    await expect.poll(async () => (await seen(second)).sent, { timeout: 20_000 }).toBe(1);
    await admin.end();

    /** Counts, or nothing while a connection of the pool still turns out to be dead. */
    function seen(id: string) {
      return counts(app, id).catch(() => ({ sent: 0 }));
    }
  });

  it('finishes what is in flight before it stops, taints nothing and leaves the rest on the queue', async () => {
    const relay = await start(RelayModule, DeliveryEnqueueModule);
    const worker = await start(DeliveryWorkerModule);
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    beforeAccepting = () => {
      arrived.resolve();
      return answer.promise;
    };
    const id = await request(relay, 40);
    await arrived.promise;
    const stopped = worker.close();
    apps.splice(apps.indexOf(worker), 1);
    answer.resolve();
    await stopped;
    const { sent, pending, ...others } = await counts(relay, id);
    expect(sent).toBeGreaterThan(0);
    expect(sent + pending).toBe(40);
    expect(new Set(Object.values(others))).toEqual(new Set([0]));
    const queue = relay.get<Queue>(getQueueToken(deliveriesQueue), { strict: false });
    expect(await queue.count()).toBe(pending);
    const locks = await relay.get(Database).sql`
      select from pg_locks where locktype = 'advisory' and objsubid = 2 and granted
        and database = (select oid from pg_database where datname = current_database())`;
    expect(locks).toEqual([]);
  });
});
