export { ConfigModule } from './config.module.ts';
export { isLoopback } from './formats.ts';
export { Config, ConfigurationError, loadConfig, type OidcClient, readConfig } from './load-config.ts';
export type { WorkerRole } from './variables.ts';
