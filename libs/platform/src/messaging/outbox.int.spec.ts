import type { EntitySchema } from '@mikro-orm/core';
import { defineEntity, p } from '@mikro-orm/core';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { Aggregate, DomainEvent, newId } from '#kernel';
import { platformModules } from '../lifecycle/index.ts';
import { Database, sqlMigration } from '../persistence/index.ts';
import { Outbox } from './outbox.ts';

class BellRang extends DomainEvent<{ bell: string; times: number }> {
  static override readonly type = 'test.bell-rang.v1';
}

class Bell extends Aggregate {
  readonly id = newId();
  private times = 0;

  ring(): BellRang {
    this.times += 1;
    return this.tell();
  }

  /** Says something without changing anything. */
  tell(): BellRang {
    const event = new BellRang({ bell: this.id, times: this.times });
    this.record(event);
    return event;
  }
}

const bells = {
  entities: [
    defineEntity({
      class: Bell,
      schema: 'test',
      tableName: 'bells',
      properties: { id: p.uuid().primary(), times: p.integer() },
    }) as EntitySchema,
  ],
  migrations: [
    sqlMigration(
      'bells',
      'create schema test; create table test.bells (id uuid primary key, times integer not null check (times < 9));',
    ),
  ],
};

describe('the outbox', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let app: INestApplicationContext;
  let database: Database;
  let outbox: Outbox;

  beforeAll(async () => {
    postgres = await migratedDatabase([bells]);
    const { config } = postgres;
    app = await Test.createTestingModule({ imports: platformModules(config, 'test', [bells]) }).compile();
    database = app.get(Database);
    outbox = app.get(Outbox);
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  beforeEach(() => database.sql`truncate platform.outbox, test.bells`);

  const recorded = () =>
    database.sql<{ id: string; type: string; payload: object; occurredAt: Date }>`
      select id, type, payload, occurred_at as "occurredAt" from platform.outbox order by id`;
  const timesTold = async () =>
    (await recorded())
      .map(({ payload }) => (payload as { times: number }).times)
      .toSorted((one, other) => one - other);
  const stored = () => database.sql`select id, times from test.bells`;

  /** A bell that was rung once, long ago. */
  const oldBell = async (): Promise<string> => {
    const id = newId();
    await database.sql`insert into test.bells values (${id}, 1)`;
    return id;
  };

  describe('of set-based statements', () => {
    it('holds events as they were recorded', async () => {
      const event = new BellRang({ bell: `a "quoted" \\ bell, 'ö'`, times: 3 });
      await database.transaction(() => outbox.append([event]));
      const { id, occurredAt, payload } = event;
      expect(await recorded()).toEqual([{ id, type: BellRang.type, payload, occurredAt }]);
    });

    it('takes a thousand events at once, and none', async () => {
      const events = Array.from({ length: 1000 }, (_, times) => new BellRang({ bell: 'front', times }));
      await database.transaction(async () => {
        await outbox.append([]);
        await outbox.append(events);
      });
      expect(await recorded()).toHaveLength(1000);
    });

    it('refuses events outside of the transaction of their change', async () => {
      await expect(outbox.append([new BellRang({ bell: 'front', times: 1 })])).rejects.toThrow(
        'in the transaction of its change only',
      );
      expect(await recorded()).toEqual([]);
    });

    it('loses the events with their transaction', async () => {
      const failing = database.transaction(async () => {
        await outbox.append([new BellRang({ bell: 'front', times: 1 })]);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await recorded()).toEqual([]);
    });
  });

  describe('of aggregates', () => {
    it('gets their events in the flush that writes them', async () => {
      const bell = new Bell();
      await database.transaction(async () => {
        bell.ring();
        bell.ring();
        database.entities.persist(bell);
        await database.entities.flush();
        expect(await timesTold()).toEqual([1, 2]);
        bell.ring();
      });
      expect(await stored()).toEqual([{ id: bell.id, times: 3 }]);
      expect(await timesTold()).toEqual([1, 2, 3]);
    });

    it('gets them, and the tables what changed, when a transaction inside another one ends', async () => {
      const id = await oldBell();
      await database.transaction(async () => {
        await database.transaction(async () => {
          (await database.entities.findOneOrFail(Bell, id)).ring();
        });
        expect(await stored()).toEqual([{ id, times: 2 }]);
        expect(await timesTold()).toEqual([2]);
      });
      expect(await timesTold()).toEqual([2]);
    });

    it('holds them as those of statements', async () => {
      const bell = new Bell();
      const { id, occurredAt, payload } = bell.ring();
      await database.transaction(async () => void database.entities.persist(bell));
      expect(await recorded()).toEqual([{ id, type: BellRang.type, payload, occurredAt }]);
    });

    it('gets the event of one that was loaded and did not change', async () => {
      const id = await oldBell();
      await database.transaction(async () => void (await database.entities.findOneOrFail(Bell, id)).tell());
      expect(await timesTold()).toEqual([1]);
    });

    it('gets the last event of one that is removed', async () => {
      const id = await oldBell();
      await database.transaction(async () => {
        const bell = await database.entities.findOneOrFail(Bell, id);
        bell.tell();
        database.entities.remove(bell);
      });
      expect(await stored()).toEqual([]);
      expect(await timesTold()).toEqual([1]);
    });

    it('gets no event of a transaction that is rolled back, whoever fails', async () => {
      const id = await oldBell();
      const failingLater = database.transaction(async () => {
        (await database.entities.findOneOrFail(Bell, id)).ring();
        await database.entities.flush();
        throw new Error('no');
      });
      await expect(failingLater).rejects.toThrow('no');
      const failingInFlush = database.transaction(async () => {
        const bell = await database.entities.findOneOrFail(Bell, id);
        for (let times = 2; times <= 9; times++) bell.ring();
      });
      await expect(failingInFlush).rejects.toThrow('violates check constraint');
      expect(await recorded()).toEqual([]);
      expect(await stored()).toEqual([{ id, times: 1 }]);
    });
  });
});
