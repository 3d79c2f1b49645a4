import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { DomainEvent } from '#kernel';
import { platformModules } from '../lifecycle/index.ts';
import { Database } from '../persistence/index.ts';
import { InTransactionPublisher } from './in-transaction-publisher.ts';
import { type Reaction, ReactsTo, ReactsWithin } from './reaction.ts';

class HouseSold extends DomainEvent<{ refuse?: string }> {
  static override readonly type = 'test.house-sold.v1';
}

@Injectable()
class Clears implements Reaction<HouseSold> {
  constructor(private readonly database: Database) {}

  async react({ payload }: HouseSold): Promise<void> {
    await this.database.sql`insert into notes (reaction) values (${this.constructor.name})`;
    if (payload.refuse === this.constructor.name) throw new Error(`${payload.refuse} refuses`);
  }
}

@ReactsWithin(HouseSold)
class Attic extends Clears {}

@ReactsWithin(HouseSold)
class Cellar extends Clears {}

@ReactsTo(HouseSold)
class Newspaper extends Clears {}

@Module({ providers: [Attic, Newspaper, Cellar] })
class House {}

describe('publishing inside a transaction', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let app: INestApplicationContext;
  let database: Database;
  let publisher: InTransactionPublisher;

  beforeAll(async () => {
    postgres = await migratedDatabase();
    const { config } = postgres;
    app = await Test.createTestingModule({
      imports: [...platformModules(config, 'test', []), House],
    }).compile();
    await app.init();
    database = app.get(Database);
    publisher = app.get(InTransactionPublisher);
    await database.sql`create table public.notes (reaction text, at integer generated always as identity)`;
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  beforeEach(() => database.sql`truncate notes`);

  const notes = async () =>
    (await database.sql<{ reaction: string }>`select reaction from notes order by at`).map(
      ({ reaction }) => reaction,
    );

  it('runs the reactions one after the other, and has run them when it returns', async () => {
    await database.transaction(async () => {
      await publisher.publish(new HouseSold({}));
      expect(await notes()).toEqual(['Attic', 'Cellar']);
    });
    expect(await notes()).toEqual(['Attic', 'Cellar']);
  });

  it('rolls everything back with the first reaction that fails, and asks no other', async () => {
    const failing = database.transaction(async () => {
      await database.sql`insert into notes (reaction) values ('the seller')`;
      await publisher.publish(new HouseSold({ refuse: 'Attic' }));
    });
    await expect(failing).rejects.toThrow('Attic refuses');
    expect(await notes()).toEqual([]);

    const last = database.transaction(() => publisher.publish(new HouseSold({ refuse: 'Cellar' })));
    await expect(last).rejects.toThrow('Cellar refuses');
    expect(await notes()).toEqual([]);
  });

  it('rolls everything back with the publisher that fails later', async () => {
    const failing = database.transaction(async () => {
      await publisher.publish(new HouseSold({}));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await notes()).toEqual([]);
  });

  it('is refused outside of a transaction', async () => {
    await expect(publisher.publish(new HouseSold({}))).rejects.toThrow(
      'test.house-sold.v1 is published inside a transaction only.',
    );
    expect(await notes()).toEqual([]);
  });
});
