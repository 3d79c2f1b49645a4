import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { DomainEvent } from '#kernel';
import { platformModules } from '../lifecycle/index.ts';
import { Database } from '../persistence/index.ts';
import { Outbox } from './outbox.ts';
import { type Reaction, ReactsTo } from './reaction.ts';
import { Relay } from './relay.ts';

class CoinFell extends DomainEvent<{ cents: number }> {
  static override readonly type = 'test.coin-fell.v1';
}

/** What each run was handed, and which coin it refuses. */
@Injectable()
class Till {
  runs: number[][] = [];
  bad = 0;
}

@ReactsTo(CoinFell)
class Sums implements Reaction<CoinFell> {
  constructor(
    private readonly database: Database,
    private readonly till: Till,
  ) {}

  react(event: CoinFell): Promise<void> {
    return this.reactToAll([event]);
  }

  async reactToAll(events: readonly CoinFell[]): Promise<void> {
    const cents = events.map(({ payload }) => payload.cents);
    this.till.runs.push(cents);
    await this.database.sql`insert into takings (cents) select unnest(${cents}::integer[])`;
    if (cents.includes(this.till.bad)) throw new Error('a button');
  }
}

@Module({ providers: [Till, Sums] })
class Tills {}

describe('a reaction that takes many events at a time', () => {
  let app: INestApplicationContext;
  let database: Database;
  let till: Till;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const { config, ...postgres } = await migratedDatabase([]);
    drop = () => postgres.drop();
    const imports = [...platformModules(config, 'test', []), Tills];
    app = await (await Test.createTestingModule({ imports }).compile()).init();
    database = app.get(Database);
    till = app.get(Till);
    await database.sql`create table takings (cents integer not null)`;
  });
  afterAll(async () => {
    await app.close();
    await drop();
  });
  beforeEach(async () => {
    await database.sql`truncate platform.outbox, platform.reactions, takings`;
    Object.assign(till, { runs: [], bad: 0 });
  });

  const coinsFall = async (...coins: number[]) => {
    const events = coins.map((cents) => new CoinFell({ cents }));
    await database.transaction(() => app.get(Outbox).append(events));
    return events;
  };
  const takings = async () =>
    (await database.sql<{ cents: number }>`select cents from takings order by cents`).map(
      ({ cents }) => cents,
    );
  const drain = () => app.get(Relay).drain();
  const owed = () => app.get(Outbox).owed(new Date(Date.now() + 1_000));

  it('gets all that are due in one transaction, once', async () => {
    await coinsFall(1, 2, 5);
    await drain();
    await drain();
    expect(till.runs.map((run) => run.length)).toEqual([3]);
    expect(await takings()).toEqual([1, 2, 5]);
    expect(await owed()).toBe(0);
  });

  it('gets those alone that it has not had yet', async () => {
    const [had] = await coinsFall(1, 2);
    await database.sql`
      insert into platform.reactions (event_id, reaction) values (${had?.id}, ${`${Tills.name}.${Sums.name}`})`;
    await drain();
    expect(till.runs).toEqual([[2]]);
    expect(await owed()).toBe(0);
  });

  it('gets each alone when it fails with all of them, so that one bad event holds up no other', async () => {
    till.bad = 2;
    await coinsFall(1, 2, 5);
    await drain();
    expect(till.runs.map((run) => run.length)).toEqual([3, 1, 1, 1]);
    expect(await takings()).toEqual([1, 5]);
    expect(await owed()).toBe(1);
  });
});
