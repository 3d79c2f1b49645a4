export {
  MarketDataHttpModule,
  MarketDataModule,
  marketDataPersistence,
  MarketFeedsModule,
} from './market-data.module.ts';
