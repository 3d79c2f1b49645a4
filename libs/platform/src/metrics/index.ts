export { delays, Metrics } from './metrics.ts';
export { MetricsHttpModule, MetricsModule } from './metrics.module.ts';
export { remembered } from './remembered.ts';
