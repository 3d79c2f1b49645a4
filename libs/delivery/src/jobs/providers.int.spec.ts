import type { INestApplicationContext } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { Roles } from '#platform/lifecycle';
import { RelayModule } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { totalOf } from '../../../../test/support/exposition.ts';
import { MailServer } from '../../../../test/support/mail-server.ts';
import { Pipeline } from '../../../../test/support/pipeline.ts';
import { type QueueServer, startQueueServer } from '../../../../test/support/queue-server.ts';
import { DeliveryEnqueueModule, DeliverySweepModule, DeliveryWorkerModule } from '../index.ts';

const patient = { timeout: 25_000 };

describe('providers of mail', () => {
  let server: QueueServer;
  let first: MailServer;
  let second: MailServer;
  let pipeline: Pipeline;
  let app: INestApplicationContext;

  beforeEach(async () => {
    [server, first, second] = await Promise.all([startQueueServer(), MailServer.start(), MailServer.start()]);
  });
  afterEach(async () => {
    await pipeline.close();
    await Promise.all([server.close(), first.close(), second.close()]);
  });

  /** A relay and workers that mail by these providers. */
  const run = async (variables: NodeJS.ProcessEnv, workers = 1) => {
    pipeline = await Pipeline.start({ ...server.variables, ...variables });
    app = await pipeline.run(RelayModule, DeliveryEnqueueModule, DeliverySweepModule);
    for (let count = 0; count < workers; count++) await pipeline.run(DeliveryWorkerModule);
  };
  const withSecond = () => run({ SMTP_URL: first.url, SMTP_FALLBACK_URL: second.url });
  const counts = (id: string) => pipeline.counts(app, id);
  const database = () => app.get(Database);
  const tries = () =>
    database().one<{ attempts: number; deferrals: number; logged: number }>`
      select max(attempts) as attempts, coalesce(sum(deferrals), 0)::integer as deferrals,
        (select count(*) from delivery.attempts) as logged from delivery.deliveries`;
  /** What is due later is due now. */
  const hurry = async () => {
    await database()
      .sql`update delivery.deliveries set due_at = now() where status in ('pending', 'retrying')`;
  };
  const pause = (interval: string) => database().sql`
    update delivery.providers set paused_until = now() + ${interval}::interval
    where name = ${`127.0.0.1:${first.port}`}`;

  it('that ask to wait are left alone by all workers, which uses up no attempt, and asked again', async () => {
    first.answer = () => '421 4.7.0 too much';
    await run({ SMTP_URL: first.url }, 2);
    const id = await pipeline.request(app, 60);
    const paused = () =>
      database().sql`select from delivery.providers where paused_until > now() and reason = '421'`;
    await expect.poll(paused, patient).toHaveLength(1);
    await expect.poll(() => counts(id), patient).toMatchObject({ pending: 60, sending: 0 });
    // No more than both workers had in hand when the first answer came.
    const asked = first.seen.length;
    expect(asked).toBeLessThanOrEqual(20);
    expect(await tries()).toEqual({ attempts: 0, deferrals: asked, logged: asked });
    first.answer = () => 'take';
    await database().sql`update delivery.providers set paused_until = now()`;
    await hurry();
    await expect.poll(() => counts(id), patient).toMatchObject({ sent: 60 });
    expect(first.taken.toSorted()).toEqual([...new Set(first.taken)].toSorted());
    await pipeline.request(app, 1);
    await expect
      .poll(() => database().sql`select from delivery.providers where pauses > 0`, patient)
      .toEqual([]);
  });

  it('are left for the second one while they do not work, and nobody gets anything twice', async () => {
    await first.close();
    await withSecond();
    const id = await pipeline.request(app, 100);
    await expect.poll(() => counts(id), patient).toMatchObject({ sent: 100 });
    expect(second.taken.toSorted()).toEqual([...new Set(second.taken)].toSorted());
    expect(second.taken).toHaveLength(100);
    const { attempts, deferrals, logged } = await tries();
    expect(attempts).toBe(1);
    // Five open the circuit; so many may have been under way.
    expect(deferrals).toBeGreaterThanOrEqual(5);
    expect(deferrals).toBeLessThanOrEqual(15);
    expect(logged).toBe(100 + deferrals);
    first = await MailServer.start(first.port);
  });

  it('may refuse for now what the second one takes at once, and for good what it never sees', async () => {
    first.answer = (to) => (to.startsWith('person0') ? '451 4.3.0 later' : '550 5.1.1 nobody');
    await withSecond();
    const id = await pipeline.request(app, 2, [newId()]);
    await expect.poll(() => counts(id), patient).toMatchObject({ sent: 1, failed: 1 });
    expect(second.seen).toEqual(['person0@example.org']);
    expect(first.seen).toHaveLength(2);
  });

  it('are asked in turn, with a pause after each round', async () => {
    first.answer = () => '451 4.3.0 later';
    second.answer = () => '452 4.3.1 later';
    await withSecond();
    await pipeline.request(app, 1);
    const asked = () => database().sql`
      select attempt.code, delivery.attempts from delivery.attempts as attempt
      join delivery.deliveries as delivery on delivery.id = delivery_id order by attempt.number desc`;
    await expect.poll(asked, patient).toMatchObject([{ code: '452', attempts: 2 }, { code: '451' }]);
    await hurry();
    await expect.poll(async () => (await asked())[0], patient).toMatchObject({ code: '452', attempts: 4 });
    expect(await asked()).toMatchObject([{ code: '452' }, { code: '451' }, { code: '452' }, { code: '451' }]);
  });

  it('keep what they may have: the second one never sees it, however long the first one is away', async () => {
    first.answer = () => 'hang up';
    await withSecond();
    const tainted = await pipeline.request(app, 1, [newId()]);
    await expect.poll(() => counts(tainted), patient).toMatchObject({ retrying: 1 });
    first.answer = () => 'take';
    await pause('1 hour');
    await hurry();
    const fresh = await pipeline.request(app, 20);
    await expect.poll(() => counts(fresh), patient).toMatchObject({ sent: 20 });
    expect(second.taken).toHaveLength(20);
    expect(await counts(tainted)).toMatchObject({ retrying: 1 });
    expect(first.seen).toHaveLength(1);
    await pause('0 seconds');
    const hurried = async () => {
      await pipeline.queue(app).promoteJobs();
      return counts(tainted);
    };
    await expect.poll(hurried, { ...patient, interval: 200 }).toMatchObject({ sent: 1 });
    expect(first.taken).toHaveLength(1);
    expect(second.seen).toHaveLength(20);
  });

  it('that do not work have nothing claimed for them: no attempt is used up, and all is sent when they do', async () => {
    await first.close();
    await run({ SMTP_URL: first.url });
    const worker = await pipeline.run(DeliveryWorkerModule);
    const id = await pipeline.request(app, 100);
    const state = async () =>
      totalOf(await pipeline.scrape(worker), 'tocsin_delivery_provider_state', { state: 'open' });
    await expect.poll(state, patient).toBe(1);
    await expect.poll(() => counts(id), patient).toMatchObject({ pending: 100 });
    const { attempts, logged } = await tries();
    expect(attempts).toBe(0);
    expect(logged).toBeLessThanOrEqual(30);
    // It is not the worker that is ill: nobody is helped by its restart.
    expect(worker.get(Roles).isUp('delivery')).toBe(true);
    first = await MailServer.start(first.port);
    await hurry();
    await expect.poll(() => counts(id), patient).toMatchObject({ sent: 100 });
    expect(first.taken).toHaveLength(100);
  });

  it('do not hold up the end of a worker, whose jobs stay on the queue', async () => {
    await run({ SMTP_URL: first.url }, 0);
    await app.get(Database).sql`
      insert into delivery.providers (name, paused_until) values ('127.0.0.1', now() + interval '1 hour')`;
    const worker = await pipeline.run(DeliveryWorkerModule);
    const id = await pipeline.request(app, 5);
    const waiting = async () => totalOf(await pipeline.scrape(worker), 'tocsin_delivery_waiting_jobs');
    await expect.poll(waiting, patient).toBe(5);
    const began = performance.now();
    await pipeline.end(worker);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await counts(id)).toMatchObject({ pending: 5 });
    expect(await pipeline.queue(app).count()).toBe(5);
    expect(first.seen).toEqual([]);
  });

  it('get no more a second than they want, from all workers together, and alerts first', async () => {
    await run({ SMTP_URL: first.url, SMTP_RATE_LIMIT: '20' }, 2);
    const began = performance.now();
    const bulk = await pipeline.request(app, 120);
    await expect.poll(() => first.taken.length, patient).toBeGreaterThan(15);
    const alert = await pipeline.request(app, 1, [newId()]);
    await expect.poll(() => counts(alert), patient).toMatchObject({ sent: 1 });
    expect(first.taken.length).toBeLessThan(110);
    await expect.poll(() => counts(bulk), patient).toMatchObject({ sent: 120 });
    const seconds = (performance.now() - began) / 1_000;
    expect(first.taken).toHaveLength(121);
    expect(121).toBeLessThanOrEqual(20 + 20 * seconds);
  });
});
