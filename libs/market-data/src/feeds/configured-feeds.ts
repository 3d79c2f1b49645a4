import { Logger } from '@nestjs/common';
import type { Clock } from '#kernel';
import type { Config } from '#platform/config';
import type { Catalogue, Listing } from '../domain/catalogue.ts';
import { BinanceFeed } from './binance/binance-feed.ts';
import type { PriceFeed } from './price-feed.ts';
import { SimulatedFeed } from './simulated/simulated-feed.ts';

/** The feeds that `MARKET_FEEDS` names; what is named and not built yet is ignored, and said so. */
export function configuredFeeds(
  { marketFeeds, binance }: Config,
  catalogue: Catalogue,
  clock: Clock,
): PriceFeed[] {
  const logger = new Logger('MarketFeeds');
  return [...new Set(marketFeeds)].flatMap((name) => {
    switch (name) {
      case 'simulated':
        return new SimulatedFeed(catalogue, clock);
      case 'binance':
        return new BinanceFeed({
          ...binance,
          pairOf: (symbol) => pairAt(name, catalogue.find(symbol)),
          clock,
          logger,
        });
      case 'coingecko':
      case 'alphavantage':
        logger.log(`${name}: a source that this version does not have yet; ignored.`);
        return [];
      case 'none':
        break;
    }
    return [];
  });
}

/** How the exchange calls an instrument whose alerts it decides. */
function pairAt(source: string, listing: Listing | undefined): string | undefined {
  return listing?.source === source ? (listing.pair ?? undefined) : undefined;
}
