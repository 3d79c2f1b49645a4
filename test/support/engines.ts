import type { INestApplicationContext } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { newId } from '#kernel';
import {
  FindInstrument,
  FindLastTick,
  type Instrument,
  type LastTick,
  type Tick,
  type TickListener,
  TickStream,
} from '#libs/market-data/contracts';
import { platformModules } from '#platform/lifecycle';
import { Database } from '#platform/persistence';
import { AlertsEngineModule, alertsPersistence } from '../../libs/alerts/src/alerts.module.ts';
import { AlertEngine } from '../../libs/alerts/src/engine/alert-engine.ts';
import { migratedDatabase } from './migrated-database.ts';

/** A market that the test drives; its history is everything it ever said. */
export class ScriptedMarket extends TickStream {
  readonly said: Tick[] = [];
  /** What passes for the price of now; it may be a moment late, and is null while no feed is live. */
  last: LastTick | null = null;
  private listener: TickListener | undefined;

  subscribe(listener: TickListener): void {
    this.listener = listener;
  }

  async history(symbol: string, fromId: number, throughId: number): Promise<Tick[]> {
    return this.said.filter((tick) => tick.symbol === symbol && tick.id >= fromId && tick.id <= throughId);
  }

  async says(...prices: string[]): Promise<void> {
    await this.repeats(prices.map((price) => this.tick(price)));
  }

  async repeats(ticks: Tick[]): Promise<void> {
    await this.listener?.(ticks);
  }

  /** A trade that happens while nobody listens. */
  tick(price: string): Tick {
    const id = this.said.length + 1;
    const at = new Date(Date.UTC(2026, 10, 21) + id * 1000);
    const traded = { symbol: 'BTC-USD', source: 'binance', id, price, quantity: '1', at };
    const tick = { ...traded, receivedAt: new Date(), origin: 'live' as const };
    this.said.push(tick);
    this.last = tick;
    return tick;
  }
}

@QueryHandler(FindInstrument)
class FindInstrumentHandler implements IQueryHandler<FindInstrument> {
  async execute({ symbolOrAlias: symbol }: FindInstrument): Promise<Instrument> {
    const traded = { name: symbol, type: 'crypto', currency: 'USD', source: 'binance' } as const;
    return { symbol, ...traded, aliases: [], priceScale: 8 };
  }
}

@QueryHandler(FindLastTick)
class FindLastTickHandler implements IQueryHandler<FindLastTick> {
  constructor(private readonly market: TickStream) {}

  async execute(): Promise<LastTick | null> {
    return (this.market as ScriptedMarket).last;
  }
}

/** Alert engines on a database of the spec's own, which each test finds empty and with one engine on `market`. */
export class Engines {
  market = new ScriptedMarket();
  database!: Database;
  /** Whose each alert is: everybody has one. */
  readonly owners = new Map<string, string>();
  readonly running: INestApplicationContext[] = [];
  private postgres!: Awaited<ReturnType<typeof migratedDatabase>>;

  constructor() {
    beforeAll(async () => {
      this.postgres = await migratedDatabase([alertsPersistence]);
    });
    afterAll(() => this.postgres.drop());
    beforeEach(async () => {
      this.market = new ScriptedMarket();
      await this.start(this.market);
    });
    afterEach(async () => {
      // In this order: an engine writes its cursor once more when it ends.
      await this.stop();
      const client = new Client({ connectionString: this.postgres.url });
      await client.connect();
      await client.query('truncate alerts.alerts, alerts.history, alerts.cursors, platform.outbox');
      await client.end();
    });
  }

  readonly start = async (stream: TickStream): Promise<INestApplicationContext> => {
    const app = await Test.createTestingModule({
      imports: [
        ...platformModules(this.postgres.config, 'test', [alertsPersistence]),
        AlertsEngineModule,
        marketModule(stream),
      ],
    }).compile();
    app.enableShutdownHooks();
    await app.init();
    // Changes are taken in by `watched` only, so that the test decides when.
    await app.get(AlertEngine)['following'].stop();
    this.running.push(app);
    this.database = app.get(Database);
    return app;
  };

  async stop(): Promise<void> {
    for (const app of this.running.splice(0)) await app.close();
  }

  /** A row as `CreateAlert` writes it, anchored at a trade. */
  readonly alertAt = async (
    target: string,
    direction: 'up' | 'down' | null = 'up',
    reference = 0,
    symbol = 'BTC-USD',
  ): Promise<string> => {
    const [id, owner] = [newId(), newId()];
    this.owners.set(id, owner);
    const anchored = direction !== null;
    await this.database.sql`
      insert into alerts.alerts (id, user_id, symbol, operator, target, direction, reference_source,
        reference_trade_id, reference_price, reference_at, evaluated_through, status, created_at)
      values (${id}, ${owner}, ${symbol}, 'crossing', ${target}, ${direction}, ${anchored ? 'binance' : null},
        ${anchored ? reference : null}, ${anchored ? '1' : null}, ${anchored ? new Date(0) : null},
        ${anchored ? reference : null}, 'active', now())`;
    return id;
  };

  readonly stateOf = (id: string) =>
    this.database.one<{ status: string; price: string | null; trade: number | null; version: number }>`
      select status, triggered_price::text as price, evaluated_through as trade, version
      from alerts.alerts where id = ${id}`;

  readonly firingsIn = () =>
    this.database.sql<{ id: string; trade: number }>`
      select fired->>'alertId' as id, (fired->>'tradeId')::bigint as trade
      from platform.outbox, jsonb_array_elements(payload->'alerts') as fired
      where type = 'alerts.alerts-triggered.v1' order by trade`;

  /** Resolves once every engine has taken in the alert as it is. */
  readonly watched = async (id: string): Promise<void> => {
    const isComplete = async () => {
      const { below } = await this.database.one<{ below: boolean }>`
        select changed_in < pg_snapshot_xmin(pg_current_snapshot()) as below from alerts.alerts where id = ${id}`;
      return below;
    };
    // Transactions of other specs hold it back, too.
    await vi.waitUntil(isComplete, { timeout: 20_000, interval: 20 });
    for (const app of this.running) await app.get(AlertEngine)['follow']();
  };
}

function marketModule(stream: TickStream) {
  class MarketModule {}
  const handlers = [FindInstrumentHandler, FindLastTickHandler];
  return {
    module: MarketModule,
    global: true,
    providers: [{ provide: TickStream, useValue: stream }, ...handlers],
    exports: [TickStream],
  };
}
