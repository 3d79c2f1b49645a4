import { Global, Module } from '@nestjs/common';
import { Config } from '#platform/config';
import type { ContextPersistence } from '#platform/persistence';
import { TickStream } from './contracts/index.ts';
import { Catalogue } from './domain/catalogue.ts';
import { FeedStates } from './features/feed-states.ts';
import { FindInstrumentHandler } from './features/find-instrument.ts';
import { FindLastTickHandler } from './features/find-last-tick.ts';
import { FindQuotesHandler } from './features/find-quotes.ts';
import { ListInstrumentsHandler } from './features/list-instruments.ts';
import { ListQuotesHandler } from './features/list-quotes.ts';
import { OnAlertCreated } from './features/on-alert-created.ts';
import { RecordTicks } from './features/record-ticks.ts';
import { MarketFeeds } from './feeds/market-feeds.ts';
import { MarketDataController } from './http/market-data.controller.ts';
import { LatestPrices } from './persistence/latest-prices.ts';
import { marketDataMigrations } from './persistence/market-data.migrations.ts';

export const marketDataPersistence: ContextPersistence = { entities: [], migrations: marketDataMigrations };

/** Instruments and quotes, and the reaction that has the symbols of new alerts followed. */
@Module({
  providers: [
    {
      provide: Catalogue,
      useFactory: ({ marketFeeds }: Config) => Catalogue.of(marketFeeds),
      inject: [Config],
    },
    FindInstrumentHandler,
    FindLastTickHandler,
    FindQuotesHandler,
    ListInstrumentsHandler,
    ListQuotesHandler,
    OnAlertCreated,
  ],
  exports: [Catalogue],
})
export class MarketDataModule {}

/** The HTTP side. */
@Module({ imports: [MarketDataModule], controllers: [MarketDataController], providers: [FeedStates] })
export class MarketDataHttpModule {}

/** The role `market`: runs the feeds and gives everyone in the process their ticks. */
@Global()
@Module({
  imports: [MarketDataModule],
  providers: [LatestPrices, RecordTicks, MarketFeeds, { provide: TickStream, useExisting: MarketFeeds }],
  exports: [TickStream],
})
export class MarketFeedsModule {}
