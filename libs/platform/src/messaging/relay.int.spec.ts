import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { DomainEvent } from '#kernel';
import { type Config } from '../config/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { Metrics } from '../metrics/index.ts';
import { Database } from '../persistence/index.ts';
import { RelayModule } from './messaging.module.ts';
import { OutboxBacklog } from './outbox-backlog.ts';
import { Outbox } from './outbox.ts';
import { type Reaction, ReactsTo } from './reaction.ts';
import { Relay } from './relay.ts';

class BellRang extends DomainEvent<{ bell: string }> {
  static override readonly type = 'test.bell-rang.v1';
}

class DoorShut extends DomainEvent {
  static override readonly type = 'test.door-shut.v1';
}

/** What the reactions were handed, and what they are told to do after writing. */
@Injectable()
class Script {
  readonly handed: DomainEvent[] = [];
  afterWriting: (reaction: string, bell: string) => Promise<void> | void = () => {};

  constructor(private readonly database: Database) {}

  async play(reaction: string, event: BellRang): Promise<void> {
    this.handed.push(event);
    await this.database.sql`insert into notes (reaction, bell) values (${reaction}, ${event.payload.bell})`;
    await this.afterWriting(reaction, event.payload.bell);
  }
}

@ReactsTo(BellRang)
class Alarms implements Reaction<BellRang> {
  constructor(private readonly script: Script) {}
  react = (event: BellRang) => this.script.play('alarms', event);
}

@ReactsTo(BellRang)
class Counts implements Reaction<BellRang> {
  constructor(private readonly script: Script) {}
  react = (event: BellRang) => this.script.play('counts', event);
}

@Module({ providers: [Script, Alarms, Counts] })
class Bells {}

const bothOnce = (bell: string) => [
  { reaction: 'alarms', bell },
  { reaction: 'counts', bell },
];

describe('the relay', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let config: Config;
  let app: INestApplicationContext;
  let script: Script;
  let database: Database;
  let relay: Relay;

  beforeAll(async () => {
    postgres = await migratedDatabase();
    config = postgres.config;
    app = await start();
    database = app.get(Database);
    await database.sql`create table public.notes (reaction text, bell text)`;
    script = app.get(Script);
    relay = app.get(Relay);
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  beforeEach(async () => {
    vi.restoreAllMocks();
    script.handed.length = 0;
    script.afterWriting = () => {};
    await database.sql`truncate platform.outbox, platform.reactions, notes`;
  });

  /** A process of the installation, with a pool of its own. */
  const start = async (...roles: (typeof RelayModule)[]) => {
    const imports = [...platformModules(config, 'test', []), Bells, ...roles];
    const module = await Test.createTestingModule({ imports }).compile();
    return module.init();
  };

  const ring = async (...bells: string[]) => {
    const events = bells.map((bell) => new BellRang({ bell }));
    await database.transaction(() => app.get(Outbox).append(events));
    return events;
  };

  const leasesEnd = () =>
    database.sql`update platform.outbox set due_at = now() - interval '1 second' where published_at is null`;

  const notes = () => database.sql`select reaction, bell from notes order by reaction, bell`;

  const outboxRow = () =>
    database.one<{ attempts: number; error: string | null; published: boolean }>`
      select attempts, last_error as error, published_at is not null as published from platform.outbox`;

  it('brings an event to each of its reactions once, as it was recorded', async () => {
    const [event] = await ring('front');
    expect(await relay.drain()).toBe(1);
    await leasesEnd();
    expect(await relay.drain()).toBe(0);

    expect(await notes()).toEqual(bothOnce('front'));
    const { id, occurredAt } = event ?? {};
    expect(script.handed[0]).toEqual({ id, type: BellRang.type, payload: { bell: 'front' }, occurredAt });
    expect(await outboxRow()).toEqual({ attempts: 1, error: null, published: true });
  });

  it('leaves an event for later that is told later', async () => {
    const later = new BellRang({ bell: 'late' });
    await database.transaction(() => app.get(Outbox).append([later], 60_000));
    expect(await relay.drain()).toBe(0);
    const { seconds } = await database.one<{ seconds: number }>`
      select extract(epoch from due_at - now())::float as seconds from platform.outbox`;
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    await leasesEnd();
    expect(await relay.drain()).toBe(1);
  });

  it('counts an event nobody reacts to as published', async () => {
    await database.transaction(() => app.get(Outbox).append([new DoorShut({})]));
    await relay.drain();
    expect(await outboxRow()).toMatchObject({ published: true });
  });

  it('relays more than one batch', async () => {
    await ring(...Array.from({ length: 250 }, (_, index) => `bell ${index}`));
    expect(await relay.drain()).toBe(250);
    expect(await notes()).toHaveLength(500);
  });

  it('does not keep what is done waiting for what takes long', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 2_000));
    const slow = Promise.withResolvers<void>();
    onTestFinished(() => slow.resolve());
    script.afterWriting = (_, bell) => (bell === 'front' ? slow.promise : undefined);
    await ring('front', 'back', 'side');
    const draining = relay.drain();
    const published = () =>
      database.sql`select payload->>'bell' as bell from platform.outbox
        where published_at is not null order by bell`;
    await expect.poll(published).toEqual([{ bell: 'back' }, { bell: 'side' }]);
    slow.resolve();
    await draining;
    expect(await published()).toHaveLength(3);
  });

  describe('when a reaction fails', () => {
    const alarmsFail = () => {
      script.afterWriting = (reaction) => {
        if (reaction === 'alarms') throw new Error('no siren');
      };
    };

    it('keeps nothing of it, keeps what others did, and does not let the rest wait', async () => {
      script.afterWriting = (reaction, bell) => {
        if (reaction === 'alarms' && bell === 'front') throw new Error('no siren');
      };
      await ring('front', 'back');
      await relay.drain();

      expect(await notes()).toEqual([
        { reaction: 'alarms', bell: 'back' },
        { reaction: 'counts', bell: 'back' },
        { reaction: 'counts', bell: 'front' },
      ]);
    });

    it('tries it again later, and only it', async () => {
      alarmsFail();
      await ring('front');
      await relay.drain();
      expect(await outboxRow()).toMatchObject({ attempts: 1, published: false });
      expect(await relay.drain()).toBe(0);

      script.afterWriting = () => {};
      await leasesEnd();
      await relay.drain();

      expect(await notes()).toEqual(bothOnce('front'));
      expect(script.handed).toHaveLength(3);
      expect(await outboxRow()).toEqual({ attempts: 2, error: null, published: true });
    });

    it('waits twice as long after each attempt, five minutes at most', async () => {
      const waits: number[] = [];
      await ring('front');
      for (const attempts of [0, 1, 2, 5, 6, 40]) {
        await database.sql`update platform.outbox set attempts = ${attempts}, published_at = null`;
        await leasesEnd();
        // One transaction, because its clock stands still.
        await database.transaction(async () => {
          await relay.drain();
          const { wait } = await database.one<{ wait: number }>`
            select extract(epoch from due_at - now())::int as wait from platform.outbox`;
          waits.push(wait);
        });
      }
      expect(waits).toEqual([5, 10, 20, 160, 300, 300]);
    });

    it('says which one and why, without addresses and credentials', async () => {
      script.afterWriting = (reaction) => {
        throw new Error(`${reaction} cannot reach ada@example.org at smtp://user:hush@mail:25`);
      };
      await ring('front');
      for (let attempt = 1; attempt <= 3; attempt++) {
        await leasesEnd();
        await relay.drain();
      }
      const { attempts, error } = await outboxRow();
      expect(attempts).toBe(3);
      expect(error).toMatch(/^Bells\.Alarms: alarms cannot reach .*\nBells\.Counts: counts cannot reach /);
      expect(error).not.toMatch(/ada|example|hush/);
    });
  });

  describe('beside another one', () => {
    let other: INestApplicationContext;

    beforeAll(async () => {
      other = await start();
    });

    afterAll(() => other.close());

    it('shares the work', async () => {
      await ring(...Array.from({ length: 250 }, (_, index) => `bell ${index}`));
      const taken = await Promise.all([relay.drain(), other.get(Relay).drain()]);
      expect(taken.reduce((sum, count) => sum + count)).toBe(250);
      expect(await notes()).toHaveLength(500);
    });

    it('does not wait for what that one is just leasing', async () => {
      await ring('front', 'back');
      const leasing = new pg.Client({ connectionString: postgres.url });
      await leasing.connect();
      await leasing.query(`begin; select from platform.outbox where payload->>'bell' = 'front' for update`);
      expect(await relay.drain()).toBe(1);
      await leasing.end();
      expect(await notes()).toEqual(bothOnce('back'));
    });

    it('takes over what that one leased and left, without what it had finished', async () => {
      await ring('front');
      const abandoned = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      other.get(Script).afterWriting = async (reaction) => {
        if (reaction === 'alarms') return;
        begun.resolve();
        await abandoned.promise;
      };
      const dying = other.get(Relay).drain();
      await begun.promise;
      expect(await relay.drain()).toBe(0);

      await leasesEnd();
      const takingOver = relay.drain();
      abandoned.reject(new Error('died'));
      await Promise.all([takingOver, dying]);

      expect(script.handed).toHaveLength(1);
      expect(await notes()).toEqual(bothOnce('front'));
      expect(await outboxRow()).toMatchObject({ attempts: 2, published: true });
    });

    it('runs a reaction once, also when it outlasts its lease', async () => {
      await ring('front');
      const begun = Promise.withResolvers<void>();
      const slow = Promise.withResolvers<void>();
      other.get(Script).afterWriting = () => {
        begun.resolve();
        return slow.promise;
      };
      const first = other.get(Relay).drain();
      await begun.promise;
      await leasesEnd();
      const second = relay.drain();
      slow.resolve();
      await Promise.all([first, second]);
      expect(await notes()).toEqual(bothOnce('front'));
    });
  });

  it('counts what it relayed and what failed, and how long that took', async () => {
    const counted = async () => {
      const families = parseExposition(await app.get(Metrics).text());
      const of = (outcome: string) =>
        totalOf(families, 'tocsin_relay_events_total', { type: BellRang.type, outcome });
      return [of('relayed'), of('failed'), totalOf(families, 'tocsin_relay_lag_seconds')];
    };
    script.afterWriting = (reaction, bell) => {
      if (reaction === 'alarms' && bell === 'front') throw new Error('no siren');
    };
    const [relayed = 0, failed = 0, timed = 0] = await counted();
    await ring('front', 'back');
    await relay.drain();
    expect(await counted()).toEqual([relayed + 1, failed + 1, timed + 1]);
  });

  it('has its backlog told, and how old that is', async () => {
    const backlog = async (of = database) => {
      const metrics = new Metrics('api');
      void new OutboxBacklog(metrics, of);
      const families = parseExposition(await metrics.text());
      return ['tocsin_outbox_unpublished_events', 'tocsin_outbox_oldest_unpublished_age_seconds'].map(
        (name) => families.get(name)?.samples[0]?.value,
      );
    };
    expect(await backlog()).toEqual([0, 0]);
    await ring('front', 'back');
    await database.sql`update platform.outbox set occurred_at = now() - interval '90 seconds'
      where payload->>'bell' = 'front'`;
    const [events, age] = await backlog();
    expect(events).toBe(2);
    expect(age).toBeGreaterThanOrEqual(90);
    await relay.drain();
    expect(await backlog()).toEqual([0, 0]);
    const away = { one: () => Promise.reject(new Error('Postgres is away.')) } as unknown as Database;
    expect(await backlog(away)).toEqual([undefined, undefined]);
  });

  describe('forgets', () => {
    it('what was published long ago', async () => {
      await ring('old', 'young');
      await relay.drain();
      await database.sql`update platform.outbox set published_at = now() - interval '8 days'
        where payload->>'bell' = 'old'`;
      await relay.prune();
      expect(await database.sql`select payload->>'bell' as bell from platform.outbox`).toEqual([
        { bell: 'young' },
      ]);
    });

    it('no mark of an event that is still on its way', async () => {
      script.afterWriting = (reaction) => {
        if (reaction === 'alarms') throw new Error('no siren');
      };
      await ring('front');
      await relay.drain();
      await database.sql`update platform.reactions set reacted_at = now() - interval '15 days'`;
      await relay.prune();

      script.afterWriting = () => {};
      await leasesEnd();
      await relay.drain();
      expect(await notes()).toEqual(bothOnce('front'));

      await database.sql`update platform.outbox set published_at = now() - interval '8 days'`;
      await database.sql`update platform.reactions set reacted_at = now() - interval '15 days'`;
      await relay.prune();
      expect(await database.sql`select 1 from platform.reactions`).toEqual([]);
    });
  });

  it('at the end of its process finishes what is under way, and begins nothing more', async () => {
    const ending = await start(RelayModule);
    const begun = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    ending.get(Script).afterWriting = () => {
      begun.resolve();
      return slow.promise;
    };
    await ring(...Array.from({ length: 400 }, (_, index) => `bell ${index}`));
    await begun.promise;
    const closed = ending.close();
    slow.resolve();
    await closed;

    const states = await database.sql<{ published: boolean; leased: boolean }>`
      select published_at is not null as published, attempts > 0 as leased from platform.outbox`;
    expect(states.filter(({ published }) => published)).toHaveLength(100);
    expect(states.filter(({ leased }) => leased)).toHaveLength(100);
  });
});
