import { type INestApplicationContext, Injectable, Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseExposition } from '../../../../test/support/exposition.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { DomainEvent } from '#kernel';
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

class BellRangV2 extends DomainEvent<{ bell: string }> {
  static override readonly type = 'test.bell-rang.v2';
}

class DoorShut extends DomainEvent<{ bell: string }> {
  static override readonly type = 'test.door-shut.v1';
}

@Injectable()
class Notes {
  fails = false;

  constructor(private readonly database: Database) {}

  async write(reaction: string, { type, payload }: BellRang): Promise<void> {
    await this.database.sql`
      insert into notes (reaction, event, bell) values (${reaction}, ${type}, ${payload.bell})`;
    if (this.fails) throw new Error('no ink');
  }
}

@Injectable()
class Writes implements Reaction<BellRang> {
  constructor(private readonly notes: Notes) {}
  react = (event: BellRang) => this.notes.write(this.constructor.name, event);
}

@ReactsTo(BellRang)
class Alarms extends Writes {}

@ReactsTo(BellRang)
class Counts extends Writes {}

@ReactsTo(DoorShut)
class Locks extends Writes {}

/** `Alarms` as the next version has it: under the same name, for the next version of the event. */
const nextAlarms = (): Type => {
  @ReactsTo(BellRangV2)
  class Alarms extends Writes {}
  return Alarms;
};

describe('two versions with different reactions on one database', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let database: Database;
  const processes: INestApplicationContext[] = [];

  beforeAll(async () => {
    postgres = await migratedDatabase();
    database = (await version()).get(Database);
    await database.sql`create table public.notes (reaction text, event text, bell text)`;
  });

  beforeEach(
    () => database.sql`truncate platform.outbox, platform.reactions, platform.reaction_registry, notes`,
  );

  afterEach(async () => {
    await Promise.all(processes.splice(1).map((process) => process.close()));
  });

  afterAll(async () => {
    await processes[0]?.close();
    await postgres.drop();
  });

  /** A process of a version that has these reactions, all of them in a module of one name. */
  const version = async (reactions: readonly Type[] = [], ...roles: Type[]) => {
    @Module({ providers: [Notes, ...reactions] })
    class Bells {}
    const imports = [...platformModules(postgres.config, 'test', []), Bells, ...roles];
    const module = await Test.createTestingModule({ imports }).compile();
    processes.push(module);
    return module.init();
  };

  const relayOf = (process: INestApplicationContext) => process.get(Relay);

  const state = async (...events: DomainEvent[]) => {
    const [stating] = processes;
    await database.transaction(async () => stating?.get(Outbox).append(events));
  };

  /** One round of a relay, as its process has one each second. */
  const round = async (relay: Relay) => {
    await relay.takeBack();
    return relay.drain();
  };

  const notes = () => database.sql`select reaction, event, bell from notes order by reaction, event, bell`;

  const note = (reaction: string, bell = 'front', event = BellRang.type) => ({ reaction, event, bell });

  const outbox = () =>
    database.sql<{ awaits: string[] | null; published: boolean; attempts: number; error: string | null }>`
      select awaits, published_at is not null as published, attempts, last_error as error
      from platform.outbox order by id`;

  /** What is told of the outbox: a deploy is no backlog. */
  const told = async () => {
    const metrics = new Metrics('api');
    void new OutboxBacklog(metrics, database);
    const families = parseExposition(await metrics.text());
    const [unpublished, awaiting, age] = [
      'unpublished_events',
      'awaiting_events',
      'oldest_unpublished_age_seconds',
    ].map((name) => families.get(`tocsin_outbox_${name}`)?.samples[0]?.value);
    return { unpublished, awaiting, age };
  };

  const minutesPassWithout = (reaction: string, minutes: number) =>
    database.sql`update platform.reaction_registry set seen_at = now() - ${minutes} * interval '1 minute'
      where reaction = ${reaction}`;

  const leasesEnd = () =>
    database.sql`update platform.outbox set due_at = now() - interval '1 second'
      where published_at is null and due_at <> 'infinity'`;

  describe('when the newer one has a reaction more', () => {
    let older: Relay;
    let newer: Relay;
    let newerNotes: Notes;

    beforeEach(async () => {
      older = relayOf(await version([Alarms]));
      const process = await version([Alarms, Counts]);
      newer = relayOf(process);
      newerNotes = process.get(Notes);
    });

    it('run each of them once, whichever relay comes first', async () => {
      await state(new BellRang({ bell: 'front' }));
      expect(await round(older)).toBe(1);
      expect(await notes()).toEqual([note('Alarms')]);
      expect(await outbox()).toMatchObject([{ awaits: ['Bells.Counts'], published: false }]);

      expect(await round(newer)).toBe(1);
      expect(await notes()).toEqual([note('Alarms'), note('Counts')]);
      expect(await outbox()).toMatchObject([{ awaits: null, published: true }]);

      await state(new BellRang({ bell: 'back' }));
      await round(newer);
      expect(await notes()).toHaveLength(4);
      expect(await outbox()).toMatchObject([{ published: true }, { published: true }]);
    });

    it('leave to the newer relay what the older one cannot finish, which goes on with the rest', async () => {
      const unfinished = Array.from({ length: 1_100 }, (_, index) => new BellRang({ bell: `bell ${index}` }));
      await state(...unfinished);
      expect(await round(older)).toBe(1_100);
      await state(new DoorShut({ bell: 'front' }));
      expect(await round(older)).toBe(1);
      expect(await round(older)).toBe(0);

      expect(await told()).toEqual({ unpublished: 0, awaiting: 1_100, age: 0 });
      const rows = await outbox();
      expect(rows.filter(({ published }) => published)).toHaveLength(1);
      expect(Math.max(...rows.map(({ attempts }) => attempts))).toBe(1);
      expect(await round(newer)).toBe(1_100);
      expect((await outbox()).every(({ published }) => published)).toBe(true);
      expect(await notes()).toHaveLength(2_200);
    });

    it('lose nothing and repeat nothing when both relay at the same time', async () => {
      await state(...Array.from({ length: 300 }, (_, index) => new BellRang({ bell: `bell ${index}` })));
      await expect
        .poll(
          async () => {
            await Promise.all([round(older), round(newer)]);
            return (await outbox()).filter(({ published }) => !published);
          },
          { timeout: 20_000 },
        )
        .toEqual([]);
      expect(await notes()).toHaveLength(600);
      expect(await database.sql`select distinct * from notes`).toHaveLength(600);
    });

    it('publish for a relay of before this rule, too, only what is done', async () => {
      await state(new BellRang({ bell: 'front' }));
      // All that such a relay does once its own reactions have run.
      await database.sql`update platform.outbox set published_at = now(), last_error = null`;
      expect(await outbox()).toMatchObject([
        { awaits: expect.arrayContaining(['Bells.Alarms', 'Bells.Counts']), published: false },
      ]);
      await round(newer);
      expect(await notes()).toEqual([note('Alarms'), note('Counts')]);
    });

    it('try a reaction that fails again at its own pace, and keep why it failed', async () => {
      newerNotes.fails = true;
      await state(new BellRang({ bell: 'front' }));
      await round(older);
      await round(newer);
      expect(await round(newer)).toBe(0);
      const failed = { attempts: 2, published: false, error: 'Bells.Counts: no ink' };
      expect(await outbox()).toMatchObject([failed]);

      await leasesEnd();
      await round(older);
      expect(await outbox()).toMatchObject([{ ...failed, attempts: 3, awaits: ['Bells.Counts'] }]);

      newerNotes.fails = false;
      await round(newer);
      expect(await outbox()).toMatchObject([{ published: true, error: null }]);
      expect(await notes()).toEqual([note('Alarms'), note('Counts')]);
    });

    it('still owe it ten minutes after the newer one was seen last, and not a minute more', async () => {
      await state(new BellRang({ bell: 'front' }));
      await minutesPassWithout('Bells.Counts', 9);
      await round(older);
      expect(await round(older)).toBe(0);
      expect(await outbox()).toMatchObject([{ awaits: ['Bells.Counts'] }]);

      await minutesPassWithout('Bells.Counts', 11);
      expect(await round(older)).toBe(1);
      expect(await outbox()).toMatchObject([{ awaits: null, published: true }]);
      expect(await notes()).toEqual([note('Alarms')]);
    });
  });

  it('keep an event of a type that only the newer one knows for the newer relay', async () => {
    const older = relayOf(await version([Alarms]));
    const newer = relayOf(await version([Alarms, Locks]));
    await state(new DoorShut({ bell: 'front' }));
    await round(older);
    expect(await outbox()).toMatchObject([{ awaits: ['Bells.Locks'], published: false }]);
    await round(newer);
    expect(await notes()).toEqual([note('Locks', 'front', DoorShut.type)]);

    await state(new DoorShut({ bell: 'back' }));
    await round(older);
    await minutesPassWithout('Bells.Locks', 11);
    await round(older);
    expect(await outbox()).toMatchObject([{ published: true }, { published: true }]);
    expect(await notes()).toHaveLength(1);
  });

  it('owe a reaction that the newer one has no more while the older one runs', async () => {
    const older = relayOf(await version([Alarms, Counts]));
    const newer = relayOf(await version([Alarms]));
    await state(new BellRang({ bell: 'front' }));
    await round(newer);
    expect(await outbox()).toMatchObject([{ awaits: ['Bells.Counts'] }]);
    await round(older);
    expect(await notes()).toEqual([note('Alarms'), note('Counts')]);

    await state(new BellRang({ bell: 'back' }));
    await minutesPassWithout('Bells.Counts', 11);
    await round(newer);
    expect(await notes()).toHaveLength(3);
  });

  it('run a reaction under both names when it was renamed, which is why it is not', async () => {
    @ReactsTo(BellRang)
    class RaisesAlarm extends Writes {}
    const older = relayOf(await version([Alarms]));
    const newer = relayOf(await version([RaisesAlarm]));
    await state(new BellRang({ bell: 'front' }));
    await round(older);
    await round(newer);
    expect(await notes()).toEqual([note('Alarms'), note('RaisesAlarm')]);
  });

  it('tell apart reactions of one name to two versions of an event', async () => {
    const older = relayOf(await version([Alarms]));
    const newer = relayOf(await version([nextAlarms()]));
    await state(new BellRang({ bell: 'front' }), new BellRangV2({ bell: 'front' }));
    await newer.drain();
    // What waits for a reaction of the older one is not taken again and again for one of the same name.
    expect(await round(newer)).toBe(0);
    expect(await outbox()).toMatchObject([{ awaits: ['Bells.Alarms'] }, { published: true }]);
    await round(older);
    expect(await notes()).toEqual([note('Alarms'), note('Alarms', 'front', BellRangV2.type)]);
  });

  it('forget what was awaited only after its event is published', async () => {
    const older = relayOf(await version([Alarms]));
    await version([Counts]);
    await state(new BellRang({ bell: 'front' }));
    await round(older);
    await database.sql`update platform.reactions set reacted_at = now() - interval '30 days'`;
    await database.sql`update platform.reaction_registry set seen_at = now() - interval '8 days'
      where reaction = 'Bells.Counts'`;
    await older.prune();
    expect(await outbox()).toHaveLength(1);
    expect(await database.sql`select reaction from platform.reactions`).toEqual([
      { reaction: 'Bells.Alarms' },
    ]);
    expect(await database.sql`select reaction from platform.reaction_registry`).toEqual([
      { reaction: 'Bells.Alarms' },
    ]);
    await round(older);
    expect(await outbox()).toMatchObject([{ published: true }]);
    expect(await notes()).toEqual([note('Alarms')]);
  });

  describe('a process', () => {
    afterEach(() => void vi.useRealTimers());

    const seen = () =>
      database.sql`select type, reaction from platform.reaction_registry
        where seen_at > now() - interval '1 minute' order by reaction`;

    it('says which relayed reactions it has before it is ready, and every ten seconds', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      await version([Alarms, Locks]);
      const both = [
        { type: 'test.bell-rang.v1', reaction: 'Bells.Alarms' },
        { type: 'test.door-shut.v1', reaction: 'Bells.Locks' },
      ];
      expect(await seen()).toEqual(both);
      // The first round of the loop is over then, or finds nothing to repair.
      await vi.advanceTimersByTimeAsync(1_000);
      await minutesPassWithout('Bells.Alarms', 5);
      await minutesPassWithout('Bells.Locks', 5);
      await vi.advanceTimersByTimeAsync(10_000);
      await expect.poll(seen).toEqual(both);
    });

    it('with the role relay takes back by itself what waits for it', async () => {
      const older = relayOf(await version([Alarms]));
      // The api of the newer version, which has no relay, is there before its worker.
      await version([Alarms, Counts]);
      await state(new BellRang({ bell: 'front' }));
      await older.drain();
      await version([Alarms, Counts], RelayModule);
      await expect.poll(notes, { timeout: 10_000 }).toEqual([note('Alarms'), note('Counts')]);
    });
  });
});
