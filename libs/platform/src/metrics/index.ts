export { delays, Metrics } from './metrics.ts';
export { MetricsModule } from './metrics.module.ts';
export { remembered } from './remembered.ts';
