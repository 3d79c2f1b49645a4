export { ConfigModule } from './config.module.ts';
export { describeVariables } from './describe-variables.ts';
export { Config, ConfigurationError, loadConfig } from './load-config.ts';
export type { FeedName, WorkerRole } from './variables.ts';
